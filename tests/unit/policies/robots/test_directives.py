"""Who may store and follow what, as the robots meta tag's documentation words it."""

from datetime import UTC, datetime

import pytest

from alonchat_crawl.policies.robots.directives import Directives, directives

AGENT = "AlonChatBot/1.0 (+https://alonchat.com/bot)"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
FREE, NOINDEX, NOFOLLOW, NONE = (
    Directives(noindex=index, nofollow=follow)
    for index, follow in ((False, False), (True, False), (False, True), (True, True))
)

NOAI = Directives(noindex=False, nofollow=False, noai=True)


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ([], FREE),
        ([("robots", "all")], FREE),
        ([("robots", "noindex")], NOINDEX),
        ([("ROBOTS", " NoIndex , NOFOLLOW ")], NONE),
        ([("robots", "none")], NONE),
        ([("robots", "index, follow")], FREE),
        ([("robots", "nofollow"), ("robots", "noindex")], NONE),
        ([("alonchatbot", "noindex")], NOINDEX),
        ([("AlonChatBot", "nofollow"), ("robots", "index")], NOFOLLOW),
        ([("googlebot", "none"), ("alonchat", "none")], FREE),
        ([("description", "noindex")], FREE),
        ([("robots", "noindexing, max-snippet:-1, noarchive")], FREE),
        ([("robots", "unavailable_after: 2025-12-31")], NOINDEX),
        ([("robots", "unavailable_after: 2026-01-02")], FREE),
        ([("robots", "noindex nofollow")], NONE),
        ([("robots", "noindex;nofollow")], NONE),
        ([("robots", "max-snippet:-1, max-image-preview:large, noindex")], NOINDEX),
        ([("robots", "noarchive, nosnippet, nocache, noimageindex, notranslate, noimageai")], FREE),
        ([("robots", "NoAI, noimageai")], NOAI),
        ([("alonchatbot", "noai")], NOAI),
        ([("otherbot", "noai")], FREE),
        ([("robots", "unavailable_after: 2025-12-31T23:59:59+00:00")], NOINDEX),
        ([("robots", "unavailable_after: 31 Dec 2025 23:59:59 GMT")], NOINDEX),
        ([("robots", "unavailable_after: Wednesday, 31-Dec-25 23:59:59 UTC")], NOINDEX),
        ([("robots", "unavailable_after: 9999999999999")], FREE),
        ([("robots", "unavailable_after:")], FREE),
        ([("robots", "")], FREE),
    ],
)
def test_meta(meta: list[tuple[str, str]], expected: Directives) -> None:
    """Rules for all robots and for ours count, the strictest wins, others' are ignored."""
    assert directives(meta, [], AGENT, NOW) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([""], FREE),
        (["noindex"], NOINDEX),
        (["noarchive", "NOFOLLOW"], NOFOLLOW),
        (["alonchatbot: noindex"], NOINDEX),
        (["AlonChatBot : none"], NONE),
        (["otherbot: noindex, nofollow"], FREE),
        (["otherbot: noindex, alonchatbot: nofollow"], NOFOLLOW),
        (["otherbot: none", "noindex"], NOINDEX),
        (["*: noindex"], NOINDEX),
        (["max-snippet: 5, noindex"], NOINDEX),
        (["unavailable_after: 25 Jun 2010 15:00:00 PST"], NOINDEX),
        (["unavailable_after: Friday, 25-Jun-10 15:00:00 UTC, nofollow"], NONE),
        (["unavailable_after: 25 Jun 2030 15:00:00 PST"], FREE),
        (["unavailable_after: some day"], FREE),
        (["otherbot: unavailable_after: 25 Jun 2010 15:00:00 PST"], FREE),
        ([",,: ,:noindex"], FREE),
        (["otherbot: noindex", "nofollow"], NOFOLLOW),
        (["noindex, otherbot: nofollow"], NOINDEX),
        (["otherbot: noindex, nofollow, noarchive"], FREE),
        (["otherbot: max-snippet: 5, noindex"], FREE),
        (["otherbot:noindex,alonchatbot:nofollow,noindex"], NONE),
        (["alonchatbot-news: noindex"], FREE),
        (["alonchat: noindex"], FREE),
        (["revisit-after: 7 days, noindex"], NOINDEX),
        (["expires: 2026-01-01T00:00:00Z, noindex"], NOINDEX),
        (["alonchatbot: unavailable_after: 25 Jun 2010 15:00:00 PST"], NOINDEX),
        (["unavailable_after: 2010-06-25T15:00:00Z, nofollow"], NONE),
        (["unavailable_after: Fri, 25 Jun 2010 15:00:00 PST, otherbot: nofollow"], NOINDEX),
        (["noai"], NOAI),
        (["otherbot: noai"], FREE),
        (["robots: noindex"], NOINDEX),
        (["noindex\x00", "\xff"], FREE),
    ],
)
def test_headers(headers: list[str], expected: Directives) -> None:
    """X-Robots-Tag headers add up; a robot's name scopes the rules after it."""
    assert directives([], headers, AGENT, NOW) == expected


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("AlonChatBot", NOINDEX),
        ("alonchatbot/2.0", NOINDEX),
        ("Mozilla/5.0 (compatible; AlonChatBot/1.0; +https://alonchat.com/bot)", NOINDEX),
        ("Mozilla/5.0", FREE),
        ("", FREE),
    ],
)
def test_product_token(agent: str, expected: Directives) -> None:
    """Our token is read from the user agent string, however it is dressed."""
    assert directives([], ["alonchatbot: noindex"], agent, NOW) == expected
