"""Host names in every spelling: what browsers ask is asked, by the very name that they would ask for."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alonchat_crawl.control.upload_seed import UploadSeed
from alonchat_crawl.control.website_seed import SeedError
from alonchat_crawl.fetch.public_addresses import parse_address
from alonchat_crawl.urls import ascii_host, canonical_url
from tests.sites.hostile.hosts import ALL, NAMES

TAKEN = {
    "example.com": "example.com",
    "EXAMPLE.Com.": "example.com",
    "a_b.example": "a_b.example",
    "_dmarc.example": "_dmarc.example",
    "-a.example": "-a.example",
    "a-.example": "a-.example",
    "ab--c.example": "ab--c.example",
    "r3---sn-4g5e.example": "r3---sn-4g5e.example",
    "B\u00fccher.example": "xn--bcher-kva.example",
    "xn--bcher-kva.example": "xn--bcher-kva.example",
    "fa\u00df.de": "xn--fa-hia.de",
    "\u03b2\u03cc\u03bb\u03bf\u03c2.com": "xn--nxasmm1c.com",
    "\U0001f600.example": "xn--e28h.example",
    "a_\u00fc.example": "xn--a_-yka.example",
    "a\u200bb.example": "ab.example",
    "a\u00adb.example": "ab.example",
    "\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.com": "xn--mgba3gch31f060k.com",
    "\u05d01\u05d1.example": "xn--1-zhce.example",
    "\u4f8b\u3048\u3002\u30c6\u30b9\u30c8": "xn--r8jz45g.xn--zckzah",
    "\uff25\uff38\uff21\uff2d\uff30\uff2c\uff25\uff0e\uff23\uff2f\uff2d": "example.com",
    "\u24d4xample.com": "example.com",
    "1.2.3": "1.2.0.3",
    "0x7f.1": "127.0.0.1",
    "2130706433": "127.0.0.1",
    "\uff11\uff12\uff17.0.0.1": "127.0.0.1",
    "127\u30020\uff0e0\uff611": "127.0.0.1",
    "127.0.0.1.": "127.0.0.1",
    "1.2.3.4.com": "1.2.3.4.com",
    "a" * 63 + ".example": "a" * 63 + ".example",
}
NONE = [
    *("", ".", "..", ".example", "a..example", "a.example..", " ", "a b.example", "a\x00.example"),
    *("%61.example", "%2e", "a%2fb", "a/b", "a?b", "a#b", "a@b", "a:b", "a|b", "a^b", "a<b", "a\\b", "[a]"),
    *("xn--", "xn--.example", "xn--a-.example", "xn--localhost-", "xn--\u00fc.example", "xn--99999999999"),
    *("a" * 64 + ".example", ("a" * 60 + ".") * 4 + "example.test", "\u00fc" * 60 + ".example"),
    *("\u05d0a.example", "a\u200db.example", "\u0301a.example", "\u00ad", "\u200b.example", "\ud800"),
    *("\u2100.example", "a\uff0fb", "a\uff20b.example", "a\uff1ab.example", "a\uff03b", "\ufdd0.example"),
    *("1.2.3.4.5", "0x", "08.0.0.1", "999999999999", "256.0.0.1", "a.1", "a.0x1", "1..2", "127.0.0.1%00"),
]


@pytest.mark.parametrize("host", TAKEN)
def test_what_is_taken(host: str) -> None:
    """A name is asked for as browsers ask for it; what ends in a number is an address, or none."""
    assert ascii_host(host) == TAKEN[host]
    assert canonical_url(f"https://{host}:8443/a") == f"https://{TAKEN[host]}:8443/a"


@pytest.mark.parametrize("host", NONE)
def test_what_is_none(host: str) -> None:
    """Broken, over-long, fake and ambiguous names raise ValueError, and nothing else."""
    with pytest.raises(ValueError):  # noqa: PT011 - each library says it in its own words
        ascii_host(host)


@given(st.text(max_size=30))
def test_any_text_is_judged(text: str) -> None:
    """What is taken is ASCII, of few characters, is taken again as it is, and an address is seen as one."""
    try:
        host = ascii_host(text)
    except ValueError:
        return
    assert ascii_host(host) == host
    assert not set(host) - set("abcdefghijklmnopqrstuvwxyz0123456789._-")
    assert not host.rpartition(".")[2].isdecimal() or parse_address(host) is not None
    assert canonical_url(f"http://{host}/") == f"http://{host}/"


@given(st.text(max_size=30))
def test_no_host_becomes_more_of_a_url(text: str) -> None:
    """Whatever stands where a host does, what comes out is one host: no user, port or path."""
    found = canonical_url(f"http://{text.translate({ord(char): '' for char in '/?#:@[]' + chr(92)})}/path")
    assert found is None or found.partition("://")[2].partition("/")[2] == "path"


@pytest.mark.parametrize("host", ALL)
def test_an_uploads_host_is_taken_or_refused_with_a_sentence(host: str) -> None:
    """A seed for a file at any host is read, with its key as it was signed, or raises SeedError."""
    signed = "X-Amz-Signature=s%2Bs&b=1&a=2"
    with suppress(SeedError):
        seed = UploadSeed.of({"url": f"http://{host}:8080/a.pdf?{signed}"})
        assert seed.uploads == (f"{canonical_url(f'http://{host}:8080/a.pdf')}?{signed}",)
        return
    assert host not in NAMES
