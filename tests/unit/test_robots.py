"""What robots.txt says."""

import pytest

from alonchat_crawl.policies.robots import Limits, parse_rules, read_answer
from alonchat_crawl.policies.robots_cache import Rules, Visit

AGENT = "AlonChatBot/1.0 (+https://alonchat.com/bot)"


LIMITS = Limits(
    max_bytes=1000,
    max_hops=5,
    max_failures=3,
    max_delay_seconds=60,
    cache_seconds=86_400,
    unreachable_seconds=3600,
)
VISIT = Visit("https://e.org/robots.txt")
TEXT = "User-agent: *"
ASK_AGAIN = Visit(VISIT.url, failures=1)


@pytest.mark.parametrize(
    ("status", "location", "expected"),
    [
        (200, "", Rules(TEXT)),
        (204, "", Rules(TEXT)),
        (404, "", Rules("")),
        (403, "", Rules("")),
        (401, "", Rules("")),
        (429, "", ASK_AGAIN),
        (408, "", ASK_AGAIN),
        (500, "", ASK_AGAIN),
        (503, "", ASK_AGAIN),
        (301, "/r.txt", Visit("https://e.org/r.txt", hops=1)),
        (302, "https://www.e.org/robots.txt", Visit("https://www.e.org/robots.txt", hops=1)),
        (307, "//f.org/robots.txt", Visit("https://f.org/robots.txt", hops=1)),
        (301, "", Rules("")),
        (301, "ftp://e.org/robots.txt", Rules("")),
        (301, "http://[", Rules("")),
        (300, "", Rules("")),
        (304, "", Rules("")),
    ],
)
def test_answers(status: int, location: str, expected: Rules | Visit) -> None:
    """Redirects are followed, client errors allow all, server errors are asked again (RFC 9309, 2.3.1)."""
    assert read_answer(VISIT, status, location, TEXT.encode(), LIMITS) == expected


def test_enough_is_enough() -> None:
    """After five redirects all is allowed; after some failures all is forbidden."""
    assert read_answer(Visit(VISIT.url, hops=4), 302, "/a", b"", LIMITS) == Visit("https://e.org/a", hops=5)
    assert read_answer(Visit(VISIT.url, hops=5), 302, "/a", b"", LIMITS) == Rules("")
    assert read_answer(Visit(VISIT.url, failures=2), 500, "", b"", LIMITS) == Rules("", "http 500")


def test_size_and_encoding() -> None:
    """What is beyond the limit is not read; a BOM and broken UTF-8 are borne."""
    assert read_answer(VISIT, 200, "", b"\xef\xbb\xbfabc\xff", LIMITS) == Rules("abc")
    assert read_answer(VISIT, 200, "", b"x" * 2000, LIMITS) == Rules("x" * 1000)


@pytest.mark.parametrize(
    ("body", "url", "allowed"),
    [
        ("", "https://e.org/a", True),
        ("User-agent: *\nDisallow: /", "https://e.org/a", False),
        ("User-agent: *\nDisallow:", "https://e.org/a", True),
        ("User-agent: *\nDisallow: /\nUser-agent: AlonChatBot\nAllow: /", "https://e.org/a", True),
        ("User-agent: alonchatbot\nDisallow: /private", "https://e.org/private/a", False),
        ("User-agent: other\nDisallow: /", "https://e.org/a", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "https://e.org/a/b/c", True),
        ("User-agent: *\nDisallow: /*.pdf$", "https://e.org/x.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "https://e.org/x.pdf?a", True),
        ("<html>not found</html>", "https://e.org/a", True),
        ("\x00\x01 binary \n:::\nDisallow", "https://e.org/a", True),
    ],
)
def test_rules(body: str, url: str, allowed: bool) -> None:  # noqa: FBT001 - a table
    """Our group, else `*`, decides; the longest match wins; nonsense forbids nothing."""
    assert parse_rules(body, AGENT, 60).allows(url) is allowed


def test_sitemaps() -> None:
    """Sitemap lines belong to no group."""
    rules = parse_rules("Sitemap: https://e.org/s.xml\nUser-agent: other\nDisallow: /", AGENT, 60)
    assert rules.sitemaps == ("https://e.org/s.xml",)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2.5", 2.5),
        ("0", None),
        ("-1", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("1e12", 60.0),
        ("", None),
    ],
)
def test_crawl_delay(value: str, expected: float | None) -> None:
    """A Crawl-delay is bounded, and nonsense is none."""
    assert parse_rules(f"User-agent: *\nCrawl-delay: {value}", AGENT, 60).crawl_delay_seconds == expected
