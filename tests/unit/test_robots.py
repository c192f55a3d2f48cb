"""What robots.txt says."""

import pytest

from alonchat_crawl.policies.robots import parse_rules, readable_body

AGENT = "AlonChatBot/1.0 (+https://alonchat.com/bot)"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, "User-agent: *"),
        (204, "User-agent: *"),
        (404, ""),
        (403, ""),
        (401, ""),
        (300, ""),
        (429, None),
        (408, None),
        (500, None),
        (503, None),
    ],
)
def test_statuses(status: int, expected: str | None) -> None:
    """Client errors allow all; server errors and 429 make the pages wait (RFC 9309, 2.3.1)."""
    assert readable_body(status, b"User-agent: *", 1000) == expected


def test_size_and_encoding() -> None:
    """What is beyond the limit is not read; a BOM and broken UTF-8 are borne."""
    assert readable_body(200, b"\xef\xbb\xbfabc\xff", 1000) == "abc"
    assert readable_body(200, b"x" * 100, 10) == "x" * 10


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
