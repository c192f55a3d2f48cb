"""Targets: what others send us in messages, small files and answers."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from uuid import UUID

from scrapy.settings import Settings

from alonchat_crawl.control.orders import Order
from alonchat_crawl.control.upload_seed import UploadSeed
from alonchat_crawl.control.website_seed import Seed, SeedError, check, read_json
from alonchat_crawl.errors import GiveUp, Unreadable
from alonchat_crawl.frontier.codec import decode_lease, decode_source, encode_entry, encode_source
from alonchat_crawl.policies.blocklists.reader import NoListError, read_file
from alonchat_crawl.policies.blocklists.rule_set import Target
from alonchat_crawl.policies.robots import robots_txt, tdm_file
from alonchat_crawl.policies.robots.directives import directives
from alonchat_crawl.policies.robots.fetch_state import (
    FileBody,
    KeptFile,
    PendingFile,
    SiteFileLimits,
    decode,
    encode,
    read_response,
)
from alonchat_crawl.policies.scan.clamd import CLEAN_ANSWER, NoVerdictError, ScanVerdict, read_answer
from alonchat_crawl.sandbox import wire
from alonchat_crawl.sources import Kind, Link, Source

URL = "https://example.com/a/b?c=d"
TOKEN = "alonchatbot"  # noqa: S105 - the product token of a user agent
SOURCE = encode_source(
    Source(UUID(int=1), UUID(int=2), UUID(int=3), "https://example.com/", "alpha", max_pages=9, max_depth=9)
)
LIMITS = SiteFileLimits(512_000, 98_304, max_hops=5, max_failures=5, cache_seconds=9, unreachable_seconds=9)
SETTINGS = Settings()
SETTINGS.setmodule("alonchat_crawl.settings")
SETTINGS.setdict({"S3_BUCKETS": ("files",), "S3_PREFIX": "/", "ENABLE_BULK_UPLOAD": True})
SETTINGS.setdict({"S3_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "b"})
SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "seed": (
        b'{"url": "https://example.com", "project_id": "a", "max_pages": 5, "include": ["/a*"]}',
        b'{"url": "s3://files/a.pdf", "name": "x"}',
        b'{"files": ["https://example.com/a.pdf?sig=1"]}',
        b"https://example.com/",
    ),
    "order": (b'{"action": "cap", "source_id": "a", "project_id": "b", "value": 5}',),
    "source": (SOURCE,),
    "lease": (
        encode_entry(Link(URL, Kind.PAGE, 1)),
        encode_entry(Link(URL, Kind.PAGE, 1), ("https://example.com",)),
    ),
    "robots": (
        b"\xef\xbb\xbfUser-agent: AlonChatBot\nDisallow: /a*$\nAllow: /a/b\nCrawl-delay: 2\nSitemap: https://x/y\n",
    ),
    "site_file": (encode(KeptFile(b"x")), encode(PendingFile("https://example.com/robots.txt"))),
    "tdm": (b'[{"location": "/a*", "tdm-reservation": 1, "tdm-policy": "https://x"}]',),
    "directives": (b"robots\0noindex, nofollow\0alonchatbot: unavailable_after: 1 Jan 2020 00:00:00 GMT",),
    "blocklist": (
        b"# x\n0.0.0.0 ads.example.com\n||tracker.example^$third-party\n10.0.0.0/8\n@@||ok.example^\n",
        b'"1","2026-01-01","http://bad.example/x.exe","online","","malware","","",""\n',
    ),
    "clamd": (CLEAN_ANSWER, b"stream: Eicar-Signature FOUND\0"),
    "frame": (wire.pack(wire.Reply(wire.RESULT, {"text": ["a"]}, again=True)),),
}


def seed(data: bytes) -> None:
    """A seed is one, or a SeedError (or a GiveUp by the settings); nothing but its own fields get in."""
    for kind in (Seed, UploadSeed):
        with suppress(SeedError, GiveUp):
            parsed = kind.parse(data)
            made = parsed.source(SETTINGS)
            assert decode_source(encode_source(made)) == made
            for url in (made.url, *parsed.uploads):
                assert url.startswith(("http://", "https://", "s3://", "upload:")), url
            assert not parsed.is_local, parsed


def order(data: bytes) -> None:
    """An order is one, or a SeedError."""
    with suppress(SeedError):
        check(Order, read_json(data))


def source(data: bytes) -> None:
    """A source in Redis is one, or a ValueError."""
    with suppress(ValueError):
        made = decode_source(data)
        assert decode_source(encode_source(made)) == made


def lease(data: bytes) -> None:
    """An entry is a lease, or an Unreadable."""
    with suppress(Unreadable):
        decode_lease(0, b"1-a", SOURCE, b"https://example.com", b"example.com", b"5", data)


def robots(data: bytes) -> None:
    """Nothing raises; what is kept of a file means what the file does."""
    found = robots_txt.read_robots(data, TOKEN)
    kept = robots_txt.read_robots(found.text(TOKEN), TOKEN)
    first, second = (robots_txt.Permissions(one, 60.0) for one in (found, kept))
    for url in (URL, "https://example.com/", "https://example.com/%61/%2F?*"):
        assert first.allows(url) == second.allows(url)


def site_file(data: bytes) -> None:
    """What stands in Redis is what we wrote, or nothing; an answer's place to go on is a URL."""
    found = decode(data, LIMITS.max_bytes)
    if found is not None:
        assert decode(encode(found), LIMITS.max_bytes) == found
    text = data.decode("latin-1")
    moved = read_response(PendingFile("https://example.com/robots.txt"), 301, text, data, LIMITS)
    if isinstance(moved, PendingFile):
        assert urlsplit(moved.url).scheme in {"http", "https"}, moved


def tdm(data: bytes) -> None:
    """Nothing raises on a file; what is kept of it can be asked."""
    tdm_file.Reservations(tdm_file.condensed(FileBody(data))).of(URL)


def rules_for_robots(data: bytes) -> None:
    """Nothing raises, whatever meta tags and headers say."""
    parts = data.decode("latin-1").split("\0")
    tags = list(zip(parts[::2], parts[1::2], strict=False))
    directives(tags, parts, "AlonChatBot/1.0 (+https://alonchat.com/bot)")


def blocklist(data: bytes) -> None:
    """A file is a list, or none; asking it raises nothing."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "list")
        path.write_bytes(data)
        with suppress(NoListError):
            rules, report = read_file(path)
            rules.match(Target.of_url(URL))
            assert report.entries >= 0


def scanner(data: bytes) -> None:
    """One answer alone is clean."""
    with suppress(NoVerdictError):
        found = read_answer(data)
        assert (found.verdict is ScanVerdict.CLEAN) == (data == CLEAN_ANSWER)
        assert found.name.isprintable()


def frame(data: bytes) -> None:
    """What a parser's process sends is a reply, or rubbish."""
    with suppress(wire.InvalidFrameError):
        assert wire.unpack_reply(data).kind in {wire.RESULT, wire.REASON, wire.MEMORY, wire.ERROR}
