"""Targets: URLs and addresses, before anything is asked of anybody."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from ipaddress import ip_address
from urllib.parse import urlsplit

from alonchat_crawl.errors import Refused
from alonchat_crawl.fetch.address_rules import AddressRules, check_url
from alonchat_crawl.fetch.files.object_storage import object_url
from alonchat_crawl.fetch.files.upload_urls import file_name, member_url, scheme_of, split_member, stored_url
from alonchat_crawl.fetch.public_addresses import is_public, parse_address
from alonchat_crawl.policies.blocklists.rule_set import Target
from alonchat_crawl.policies.robots.path_patterns import path_of
from alonchat_crawl.policies.traps.one_url import is_calendar_page, trap
from alonchat_crawl.urls import canonical_url, origin_parts

TODAY = date(2026, 11, 24)
RULES = AddressRules((), frozenset())
SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "url": (
        b"https://example.com/a/b?x=1&y=2#top",
        b"http://[::ffff:127.0.0.1]:80/%2e%2e/x",
        b"HTTP://0x7f.1/",
        "https://b\u00fccher.example:443/\u00fc?q=\u00e4".encode(),
        "http://\uff11\uff12\uff17.0.0.1/".encode(),
    ),
    "address": (b"127.0.0.1", b"::ffff:10.0.0.1", b"64:ff9b::7f00:1", b"fe80::1%eth0", b"2002:7f00:1::"),
    "upload_url": (b"s3://files/tenant/a%20b.pdf", b"https://example.com/a.zip?X-Amz-Signature=1#m"),
}


def web_address(data: bytes) -> None:
    """A URL has one canonical form or none; that is http(s), without user, and what judges it agrees."""
    found = canonical_url(data.decode(errors="replace"))
    if found is None:
        return
    assert canonical_url(found) == found, found
    assert found.isascii(), found
    assert found.isprintable(), found
    assert " " not in found, found
    parts = urlsplit(found)
    assert parts.scheme in {"http", "https"}, found
    with suppress(Refused):
        check_url(found)
        _, host, port = origin_parts(found)
        assert host, found
        assert 0 < port < 1 << 16, found
        assert "@" not in parts.netloc, found
        # What dials, and what keeps the blocklist, must see the host that the frontier sees.
        numeric = parse_address(host)
        assert (numeric is None) or str(numeric) == host or host.startswith("::") or ":" in host, found
        assert not host.rpartition(".")[2].isdigit() or numeric is not None, found
    Target.of_url(found)
    assert path_of(found).startswith("/"), found
    trap(found, TODAY)
    is_calendar_page(found)


def address(data: bytes) -> None:
    """Only what Python's own reading calls global is public, and nothing raises."""
    text = data.decode(errors="replace")
    public = is_public(text)
    assert (RULES.refusal(text, None) is None) == public
    found = parse_address(text)
    assert found is not None or not public
    with suppress(ValueError):
        plain = ip_address(text)
        assert plain.is_global or not public, text
        assert not plain.is_loopback or not public, text


def upload(data: bytes) -> None:
    """What is stored of a file's URL has no query; a name in an archive comes back as it went in."""
    text = data.decode(errors="replace")
    if (found := object_url(text)) is not None:
        assert "?" not in found, found
        assert "#" not in found, found
        assert not {"", ".", ".."} & set(found.split("/")[3:]), found
    archive, _, name = text.partition("\n")
    if (kept := canonical_url(archive)) is None:
        return
    signed = f"{kept.partition('?')[0]}?X-Amz-Signature=marked"
    assert "marked" not in stored_url(signed)
    file_name(kept)
    scheme_of(kept)
    if name:
        inside = member_url(kept, name)
        assert split_member(inside)[0] == kept.partition("#")[0], inside
