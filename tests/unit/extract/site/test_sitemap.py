"""Sitemaps as sites write them, and as they should not."""

import gzip
from collections.abc import Sequence

import pytest

from alonchat_crawl.errors import GiveUp
from alonchat_crawl.extract.site.sitemap import read_sitemap

NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))


def urlset(*locations: str, head: str = "") -> bytes:
    """Return a sitemap of these pages."""
    entries = "".join(f"<url><loc>{location}</loc><priority>1</priority></url>" for location in locations)
    return f"{head}<urlset {NAMESPACE}>{entries}</urlset>".encode()


ONE = "https://a.example/1"


@pytest.mark.parametrize(
    ("body", "is_index", "urls"),
    [
        (urlset(ONE, "https://a.example/2?b&amp;a"), False, [ONE, "https://a.example/2?a=&b="]),
        (gzip.compress(urlset(ONE), mtime=0), False, [ONE]),
        (urlset("\n HTTPS://A.example:443/1 \n"), False, [ONE]),
        (urlset("file:///etc/passwd", "javascript:x", "", ONE), False, [ONE]),
        (urlset().replace(b"</urlset>", b"<url><lastmod>x</lastmod></url></urlset>"), False, []),
        (f"<sitemapindex><sitemap><loc>{ONE}</loc></sitemap></sitemapindex>".encode(), True, [ONE]),
        (urlset(ONE)[:-20], False, [ONE]),
        (urlset(f"<![CDATA[{ONE}]]>"), False, [ONE]),
        (f"<urlset><!-- x --><?php x?><url><loc>{ONE}</loc></url></urlset>".encode(), False, [ONE]),
        (urlset("&x;", head='<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), False, []),
        (urlset("&a9;", ONE, head=f'<!DOCTYPE r [<!ENTITY a0 "x">{LAUGHS}]>'), False, []),
        (b"<html><body>Not found</body></html>", False, []),
        (b"<url>" * 250 + f"<url><loc>{ONE}</loc></url>".encode(), False, [ONE]),
    ],
)
def test_what_is_listed(body: bytes, is_index: bool, urls: Sequence[str]) -> None:  # noqa: FBT001
    """Addresses in order, canonical, of pages or of sitemaps; entities lead nowhere."""
    read = read_sitemap(body, 10_000, 100)
    assert (read.is_index, list(read.urls)) == (is_index, urls)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "It is not a sitemap: "),
        (b"not XML", "It is not a sitemap: "),
        (b"\x1f\x8b\x08 broken", "It is not a sitemap: "),
        (gzip.compress(bytes(1_000_000), mtime=0), "unpacks to more than 10000 bytes"),
    ],
)
def test_what_is_no_sitemap(body: bytes, said: str) -> None:
    """It is given up with a reason, and a bomb is not unpacked."""
    with pytest.raises(GiveUp) as caught:
        read_sitemap(body, 10_000, 100)
    assert caught.value.reason == "sitemap"
    assert said in caught.value.detail


def test_no_more_than_asked() -> None:
    """Entries beyond the limit are not looked at."""
    body = urlset(*(f"https://a.example/{number}" for number in range(1000)))
    assert len(read_sitemap(body, 100_000, 10).urls) == 10
