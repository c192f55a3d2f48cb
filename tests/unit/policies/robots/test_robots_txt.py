"""What robots.txt says, as RFC 9309 words it: a truth table, and what holds for any file."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alonchat_crawl.policies.robots.path_patterns import LITERALS_MAX, Pattern, Patterns
from alonchat_crawl.policies.robots.robots_txt import Permissions, RobotsTxt, read_robots

TOKEN = "alonchatbot"  # noqa: S105 - the word of RFC 9309

# What it is about: (robots.txt, paths allowed, paths forbidden), a path without blanks in it.
FILES: dict[str, tuple[str | bytes, str, str]] = {
    "no file": ("", "/ /a /robots.txt", ""),
    "all": ("User-agent: *\nDisallow: /", "/robots.txt", "/ /a /a/b?c /?a //"),
    "none": ("User-agent: *\nDisallow:", "/ /a", ""),
    "allow none is no rule": ("User-agent: *\nAllow:\nDisallow: /", "", "/ /a"),
    # 2.1, 2.2: groups
    "no group": ("Disallow: /", "/ /a", ""),
    "rules before any group": ("Disallow: /\nUser-agent: *\nDisallow: /b", "/a", "/b"),
    "ours before any": ("User-agent: *\nDisallow: /\nUser-agent: AlonChatBot\nDisallow: /b", "/a", "/b"),
    "ours first": ("User-agent: AlonChatBot\nDisallow: /b\nUser-agent: *\nDisallow: /", "/a", "/b"),
    "ours without rules": ("User-agent: *\nDisallow: /\n\nUser-agent: AlonChatBot", "/ /a", ""),
    "ours without rules, first": ("User-agent: AlonChatBot\nDisallow:\nUser-agent: *\nDisallow: /", "/a", ""),
    "no rules between agents": ("User-agent: AlonChatBot\nUser-agent: *\nDisallow: /a", "/b", "/a"),
    "several agents": ("User-agent: a\nUser-agent: AlonChatBot\nUser-agent: b\nDisallow: /", "", "/a"),
    "groups join": (
        "User-agent: AlonChatBot\nDisallow: /a\nUser-agent: x\nUser-agent: AlonChatBot\nDisallow: /b",
        "/x /c",
        "/a /b",
    ),
    "groups for any join": ("User-agent: *\nDisallow: /a\n\nUser-agent: *\nDisallow: /b", "/c", "/a /b"),
    "joined group decides by length": (
        "User-agent: AlonChatBot\nDisallow: /a/b\nUser-agent: AlonChatBot\nAllow: /a",
        "/a /a/c",
        "/a/b",
    ),
    "blank lines end no group": ("User-agent: *\n\n\nDisallow: /a\n\n\nDisallow: /b", "/c", "/a /b"),
    "others' group": ("User-agent: other\nDisallow: /", "/a", ""),
    "other rules end a group": (
        "User-agent: AlonChatBot\nDisallow: /a\nUser-agent: o\nDisallow: /b",
        "/b",
        "/a",
    ),
    "an empty agent ends a group": ("User-agent: *\nDisallow: /a\nUser-agent:\nDisallow: /b", "/b", "/a"),
    "an empty rule ends it too": ("User-agent: *\nDisallow:\nUser-agent: o\nDisallow: /", "/a", ""),
    # 2.2.1: names
    "upper case": ("USER-AGENT: ALONCHATBOT\nDISALLOW: /", "", "/a"),
    "lower case": ("user-agent: alonchatbot\ndisallow: /", "", "/a"),
    "odd case": ("uSER-aGENT: aLONchATbOT\ndISALLOW: /\naLLOW: /b", "/b", "/a"),
    "with a version": ("User-agent: AlonChatBot/1.0\nDisallow: /", "", "/a"),
    "with words behind": ("User-agent: AlonChatBot (all versions)\nDisallow: /", "", "/a"),
    "with a star behind": ("User-agent: AlonChatBot*\nDisallow: /", "", "/a"),
    "the beginning of ours": ("User-agent: AlonChat\nDisallow: /", "/a", ""),
    "the end of ours": ("User-agent: Bot\nDisallow: /", "/a", ""),
    "more than ours": ("User-agent: AlonChatBot-News\nDisallow: /", "/a", ""),
    "more than ours by a digit": ("User-agent: AlonChatBot2\nDisallow: /", "/a", ""),
    "more than ours by a letter": ("User-agent: AlonChatBotü\nDisallow: /", "/a", ""),
    "a word of the contact": ("User-agent: https\nUser-agent: com\nDisallow: /", "/a", ""),
    "ours not at the beginning": ("User-agent: the AlonChatBot\nDisallow: /", "/a", ""),
    "a pattern is no name": ("User-agent: Alon*\nDisallow: /", "/a", ""),
    "any, with words": ("User-agent: * # any\nDisallow: /", "", "/a"),
    "any, and more": ("User-agent: *bot\nDisallow: /", "/a", ""),
    # 2.2.2: longest match
    "longest allows": ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/b /a/b /a/bc", "/a /a/c"),
    "longest forbids": ("User-agent: *\nAllow: /a\nDisallow: /a/b", "/a /a/c", "/a/b /a/b/c"),
    "a tie allows": ("User-agent: *\nDisallow: /a\nAllow: /a", "/a /a/b", ""),
    "a tie allows, in any order": ("User-agent: *\nAllow: /a\nDisallow: /a", "/a /a/b", ""),
    "all tied": ("User-agent: *\nAllow: /\nDisallow: /", "/ /a", ""),
    "the RFC's example": (
        "User-Agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif",
        "/example/page/ /example/page/x",
        "/example/page/disallowed.gif",
    ),
    "the RFC's simple example": (
        "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/",
        "/publications/ /publications/a /x.gif?y /x",
        "/x.gif /example/ /example/allowed.gif /publications-x.gif",
    ),
    "for foobot without blanks": (
        "User-Agent: AlonChatBot\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif",
        "/example/page.html /example/allowed.gif",
        "/ /example/ /x",
    ),
    "wildcards count as octets": (
        "User-agent: *\nAllow: /page\nDisallow: /*.html",
        "/page /page.htm",
        "/page.html",
    ),
    "a wildcard outweighed": (
        "User-agent: *\nAllow: /x/page.\nDisallow: /*.html",
        "/x/page.html",
        "/x/y.html",
    ),
    "a wildcard wins": ("User-agent: *\nAllow: /page\nDisallow: /*.htm", "/page", "/page.htm"),
    "an end counts": ("User-agent: *\nAllow: /$\nDisallow: /", "/", "/a /?a"),
    "encoded octets count": (
        "User-agent: *\nDisallow: /é\nAllow: /*aaa",
        "/aaa /e",
        "/é /éaaa",
    ),
    "no index.html that means a folder": (
        "User-agent: *\nDisallow: /\nAllow: /d/index.html",
        "/d/index.html",
        "/d/",
    ),
    # 2.2.2: from the first octet, case and all
    "a prefix": (
        "User-agent: *\nDisallow: /fish",
        "/ /Fish /catfish /?id=fish",
        "/fish /fish.html /fish/x /fishy?a",
    ),
    "a folder": (
        "User-agent: *\nDisallow: /fish/",
        "/fish /fish.html /Fish/",
        "/fish/ /fish/?id /fish/a.htm",
    ),
    "a file and its folder": ("User-agent: *\nDisallow: /x\nAllow: /x/", "/x/ /x/y", "/x /xy"),
    "no slash before": ("User-agent: *\nDisallow: fish", "/fish /", ""),
    "an absolute URL": ("User-agent: *\nDisallow: https://e.org/a", "/a /https://e.org/a", ""),
    "a query": ("User-agent: *\nDisallow: /a?b=1", "/a /a?b=2 /a?c&b=1", "/a?b=1 /a?b=12 /a?b=1&c"),
    "any query": ("User-agent: *\nDisallow: /*?", "/a /a%3Fb", "/a? /a?b /?"),
    "an empty query": ("User-agent: *\nDisallow: /a?$", "/a /a?b", "/a?"),
    "parameters": ("User-agent: *\nDisallow: /a;b", "/a /a;c", "/a;b /a;b=1 /a%3Bb"),
    "two slashes": ("User-agent: *\nDisallow: //", "/a /", "// //a"),
    "fragments are not sent": ("User-agent: *\nDisallow: /b", "/a#/b", "/b#a"),
    # 2.2.2: percent-encoding
    "the table's first row": ("User-agent: *\nDisallow: /foo/bar?baz=quz", "/foo/bar", "/foo/bar?baz=quz"),
    "the table's second row": (
        "User-agent: *\nDisallow: /foo/bar?baz=https://foo.bar",
        "/foo/bar?baz=http",
        "/foo/bar?baz=https://foo.bar /foo/bar?baz=https%3A%2F%2Ffoo.bar /foo/bar?baz=https%3a//foo.bar",
    ),
    "the second row, encoded": (
        "User-agent: *\nDisallow: /foo/bar?baz=https%3A%2F%2Ffoo.bar",
        "/foo/bar?baz=https",
        "/foo/bar?baz=https://foo.bar /foo/bar?baz=https%3A%2F%2Ffoo.bar",
    ),
    "the table's third row": (
        "User-agent: *\nDisallow: /foo/bar/ツ",
        "/foo/bar/",
        "/foo/bar/%E3%83%84 /foo/bar/ツ",
    ),
    "the table's fourth row": (
        "User-agent: *\nDisallow: /foo/bar/%E3%83%84",
        "/foo/bar/%E3%83%85",
        "/foo/bar/%e3%83%84 /foo/bar/ツ",
    ),
    "the table's last row": ("User-agent: *\nDisallow: /foo/bar/%62%61%7A", "/foo/bar/b", "/foo/bar/baz"),
    "the last row, in the URL": (
        "User-agent: *\nDisallow: /foo/bar/baz",
        "/foo/bar/%62%61",
        "/foo/bar/%62%61%7A",
    ),
    "hex in lower case": ("User-agent: *\nDisallow: /%c3%a9", "/%C3%A8", "/%C3%A9 /%c3%a9 /é"),
    "a slash is not %2F": ("User-agent: *\nDisallow: /a/b", "/a%2Fb /a%2fb", "/a/b"),
    "%2F is no slash": ("User-agent: *\nDisallow: /a%2Fb", "/a/b", "/a%2Fb /a%2fb"),
    "a question mark is not %3F": ("User-agent: *\nDisallow: /a?b", "/a%3Fb", "/a?b"),
    "%3F is no question mark": ("User-agent: *\nDisallow: /a%3Fb", "/a?b", "/a%3Fb /a%3fb"),
    "tilde": ("User-agent: *\nDisallow: /~joe/", "/joe/", "/~joe/ /%7Ejoe/ /%7ejoe/"),
    "tilde, encoded": ("User-agent: *\nDisallow: /%7Ejoe/", "/joe/", "/~joe/ /%7ejoe/"),
    "reserved characters": ("User-agent: *\nDisallow: /a,(b)!'@", "/a", "/a,(b)!'@ /a%2C%28b%29%21%27%40"),
    "a blank": ("User-agent: *\nDisallow: /a b", "/a /ab", "/a%20b /a%20bc"),
    "a lone per cent": ("User-agent: *\nDisallow: /100%", "/100", "/100% /100%25 /100%zz"),
    "no half of an escape": ("User-agent: *\nDisallow: /%4", "/A /%41", "/%254 /%4 /%4g"),
    "no escape is undone twice": ("User-agent: *\nDisallow: /%2541", "/A /%41", "/%2541"),
    "latin-1": (b"User-agent: *\nDisallow: /caf\xe9", "/café", "/caf%E9 /caf%e9/x"),
    # 2.2.3: special characters
    "a star in the middle": (
        "User-agent: *\nDisallow: /foo/*/qux",
        "/foo/qux /foo/quz",
        "/foo//qux /foo/a/b/qux?c",
    ),
    "a star at the end": ("User-agent: *\nDisallow: /fish*", "/Fish /catfish", "/fish /fishy /fish/x"),
    "a star at the beginning": ("User-agent: *\nDisallow: *.gif", "/gif", "/a.gif /a.gif?b /.gif"),
    "a star alone": ("User-agent: *\nDisallow: *", "/robots.txt", "/ /a"),
    "a slash and a star": ("User-agent: *\nDisallow: /*", "/robots.txt", "/ /a"),
    "stars in a row": ("User-agent: *\nDisallow: /a**b", "/a /b", "/ab /axb"),
    "a type": (
        "User-agent: *\nDisallow: /*.php",
        "/php/ /index?php /w.PHP",
        "/f.php /f.php?p /a/any.php.html",
    ),
    "a type at the end": (
        "User-agent: *\nDisallow: /*.php$",
        "/f.php?p /f.php/ /f.php5 /php",
        "/f.php /a/f.php",
    ),
    "a beginning and a type": (
        "User-agent: *\nDisallow: /fish*.php",
        "/Fish.PHP /fish",
        "/fish.php /fishy/cat.php?p",
    ),
    "the last of several": ("User-agent: *\nDisallow: /*a$", "/ab /a?", "/a /aa /ba /aba"),
    "parts do not overlap": ("User-agent: *\nDisallow: /ab*ba$", "/aba /abba?", "/abba /ab-ba"),
    "parts in their order": ("User-agent: *\nDisallow: /*x*y*z", "/yxz /zyx /xz", "/xyz /axbyczd"),
    "an end": ("User-agent: *\nDisallow: /foo/bar$", "/foo/bar/ /foo/bar/b /foo/bar?a", "/foo/bar"),
    "an end of nothing": ("User-agent: *\nDisallow: /$", "/a /?a", "/"),
    "a star before an end": ("User-agent: *\nDisallow: /a*$", "/b", "/a /ab /a?b"),
    "a dollar in the middle": ("User-agent: *\nDisallow: /a$b", "/a /ab", "/a$b /a%24b /a$bc"),
    "two dollars": ("User-agent: *\nDisallow: /a$$", "/a /a$b", "/a$ /a%24"),
    "a dollar in the URL only": ("User-agent: *\nDisallow: /a$", "/a$ /a$b /a%24", "/a"),
    "an encoded dollar": (
        "User-agent: *\nDisallow: /path/foo-%24",
        "/path/foo- /path/foo",
        "/path/foo-$ /path/foo-%24",
    ),
    "an encoded star": (
        "User-agent: *\nDisallow: /path/file-with-a-%2A.html",
        "/path/file-with-a-x.html",
        "/path/file-with-a-*.html /path/file-with-a-%2a.html",
    ),
    "a star in the URL is none": ("User-agent: *\nDisallow: /a*c", "/*", "/a*c /abc"),
    "comments": (
        "# Disallow: /\nUser-agent: * # all\nDisallow: /foo/quz#qux # why\nAllow: /b",
        "/ /b /foo/bar",
        "/foo/quz /foo/quzz",
    ),
    "a comment leaves an empty rule": ("User-agent: *\nDisallow: # /\nDisallow: /a", "/ /b", "/a"),
    "an encoded hash": ("User-agent: *\nDisallow: /a%23b", "/a", "/a%23b"),
    "dots, brackets and bars are themselves": (
        "User-agent: *\nDisallow: /a.b[c]|(d)+",
        "/axb",
        "/a.b[c]|(d)+",
    ),
    # 2.2.4: other records
    "a sitemap ends no group": ("User-agent: *\nSitemap: /s\nUser-agent: o\nDisallow: /a", "/b", "/a"),
    "a sitemap among rules": ("User-agent: *\nDisallow: /a\nSitemap: /s\nDisallow: /b", "/c", "/a /b"),
    "what is unknown ends no group": (
        "User-agent: AlonChatBot\nFoo: 1\nUser-agent: o\nDisallow: /a",
        "/b",
        "/a",
    ),
    "nor does a delay": ("User-agent: AlonChatBot\nCrawl-delay: 1\nUser-agent: o\nDisallow: /a", "/b", "/a"),
    "nor do words": ("User-agent: AlonChatBot\nhello\nUser-agent: o\nDisallow: /a", "/b", "/a"),
    "noindex is no rule": ("User-agent: *\nNoindex: /a\nHost: e.org\nClean-param: x /a", "/a", ""),
    # 2.2: lines
    "CR LF": ("User-agent: *\r\nDisallow: /a\r\n\r\nDisallow: /b\r\n", "/c", "/a /b"),
    "CR": ("User-agent: *\rDisallow: /a\rDisallow: /b", "/c", "/a /b"),
    "all kinds of ends": ("User-agent: *\nDisallow: /a\r\nDisallow: /b\rDisallow: /d", "/c", "/a /b /d"),
    "blanks": ("  User-agent  :  *  \n\tDisallow\t:\t/a\t\n Allow :/a/b", "/ /a/b", "/a /a/c"),
    "no blank": ("User-agent:*\nDisallow:/a", "/b", "/a"),
    "two colons": ("User-agent: *\nDisallow:: /\nDisallow: /a:b", "/", "/a:b /a%3Ab"),
    "a form feed ends no line": ("User-agent: *\nDisallow: /x\x0cDisallow: /", "/x /a", "/x%0CDisallow:%20/"),
    "nor does NEL": ("User-agent: *\nDisallow: /x\u0085Disallow: /", "/x /a", ""),
    "nor does a line separator": ("User-agent: *\nDisallow: /x\u2028Disallow: /", "/x /a", ""),
    "a BOM": (b"\xef\xbb\xbfUser-agent: *\nDisallow: /a", "/b", "/a"),
    "a BOM elsewhere": (b"User-agent: *\n\xef\xbb\xbfDisallow: /a\nDisallow: /b", "/a", "/b"),
    "half a BOM": (b"\xefUser-agent: *\nDisallow: /a", "/a", ""),
    "no colon": ("User-agent *\nDisallow /\n", "/a", ""),
    "no colon in a group": ("User-agent: *\nDisallow /a\nDisallow: /b", "/a", "/b"),
    "misspelt": ("User-agent: *\nDisalow: /\nDissallow: /\nDisallow: /b", "/a", "/b"),
    "misspelt agent": ("Useragent: *\nDisallow: /\nUser agent: *\nDisallow: /", "/a", ""),
    "an allow that is none": ("User-agent: *\nDisallow: /\nAllowed: /a", "", "/a"),
    # what is no robots.txt at all
    "HTML": ("<!doctype html><html><head><title>Not found</title></head><body>Disallow: /</body>", "/a", ""),
    "HTML with styles": ("<style>\na:hover { color: red }\n* : x\n</style>", "/a", ""),
    "binary": (b"\x00\x01\xff\xfe:\x00\n:::\nDisallow\x00: /", "/a", ""),
    "a NUL in a rule": (b"User-agent: *\nDisallow: /a\x00b\nDisallow: /c", "/a /ab", "/c /a%00b"),
    "a NUL in a name": (b"User-agent: *\nDis\x00allow: /", "/a", ""),
    "UTF-16": ("User-agent: *\nDisallow: /".encode("utf-16"), "/a", ""),
    "bad UTF-8 elsewhere": (b"# \xff\xfe\xc3\nUser-agent: *\nDisallow: /a", "/b", "/a"),
}


def cases() -> Iterator[object]:
    """Yield each path of the table."""
    for about, (body, allowed, forbidden) in FILES.items():
        octets = body.encode() if isinstance(body, str) else body
        for paths, expected in ((allowed, True), (forbidden, False)):
            for path in paths.split():
                yield pytest.param(octets, path, expected, id=f"{about}: {path}")


CASES = list(cases())


def allows(body: bytes, url: str) -> bool:
    """Whether `body` allows `url`, as it is and as it is kept."""
    robots = read_robots(body, TOKEN)
    kept = read_robots(robots.text(TOKEN), TOKEN)
    assert kept == robots
    return Permissions(kept, 60).allows(url)


def test_the_table_is_whole() -> None:
    """No file of it is without a case."""
    assert len(CASES) > 300
    assert all(allowed or forbidden for _, allowed, forbidden in FILES.values())


@pytest.mark.parametrize(("body", "path", "expected"), CASES)
def test_rules(body: bytes, path: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """Our group, else `*`, decides; the longest match wins; nonsense forbids nothing. Kept it is the same."""
    assert allows(body, f"https://e.org{path}") is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://e.org", False),
        ("https://e.org?a", False),
        ("https://e.org/?a", False),
        ("http://user:p@e.org:81/", False),
        ("https://e.org/robots.txt", True),
        ("https://e.org/robots.txt?a", False),
        ("https://e.org/a/robots.txt", False),
    ],
)
def test_urls(url: str, expected: bool) -> None:  # noqa: FBT001
    """Of a URL its path and query count, and /robots.txt alone may always be fetched."""
    assert allows(b"User-agent: *\nDisallow: /", url) is expected


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
        ("3 # s", 3.0),
        ("3s", None),
    ],
)
def test_crawl_delay(value: str, expected: float | None) -> None:
    """A Crawl-delay is bounded, and nonsense is none."""
    robots = read_robots(f"User-agent: *\nCrawl-delay: {value}".encode(), TOKEN)
    assert Permissions(read_robots(robots.text(TOKEN), TOKEN), 60).crawl_delay_seconds == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("User-agent: o\nCrawl-delay: 9\nUser-agent: *\nCrawl-delay: 2\nDisallow: /a", 2.0),
        ("User-agent: o\nUser-agent: *\nCrawl-delay: 9\nDisallow: /a", 9.0),
        ("User-agent: *\nCrawl-delay: 2\nDisallow: /a\nCrawl-delay: 3", 3.0),
        ("User-agent: *\nCrawl-delay: 2\nUser-agent: AlonChatBot\nDisallow: /a", None),
        ("Crawl-delay: 2", None),
    ],
)
def test_whose_crawl_delay(body: str, expected: float | None) -> None:
    """It is of the agents right above, and the longest of several counts."""
    assert read_robots(body.encode(), TOKEN).crawl_delay_seconds == expected


def test_sitemaps() -> None:
    """Sitemap lines belong to no group, and there is an end to them."""
    lines = "".join(f"sitemap: https://e.org/{number}.xml\n" for number in range(1000))
    robots = read_robots(f"{lines}User-agent: o\nDisallow: /\nSitemap: /{'x' * 3000}".encode(), TOKEN)
    assert robots.sitemaps == tuple(f"https://e.org/{number}.xml" for number in range(100))


def steps_of(robots: RobotsTxt, path: str) -> int:
    """How many parts of patterns are looked at for a path: what a check costs."""
    patterns = Permissions(robots, 60)._patterns
    return sum(1 for _ in patterns._matching(path))


@pytest.mark.parametrize(
    "lines",
    [
        (b"Disallow: /*a*a*a*a*b%d" % number for number in range(4000)),
        (b"Allow: /%s$" % (b"*a" * (number % 200)) for number in range(2000)),
        (b"Disallow: /" + b"*a" * 50_000 for _ in range(1)),
        (b"User-agent: g%d" % number for number in range(25_000)),
        (b"Disallow: /" + b"x" * 500_000 for _ in range(1)),
        (b"Allow: /" + b"%41" * 50_000 for _ in range(1)),
        (b":" for _ in range(50_000)),
    ],
    ids=["wildcards", "ends", "one line", "groups", "a long line", "escapes", "colons"],
)
def test_hostile_files(lines: Iterator[bytes]) -> None:
    """Files made to be slow are read, and asked about a long URL, as the others are."""
    body = b"User-agent: *\n" + b"\n".join(lines)
    robots = read_robots(body, TOKEN)
    assert steps_of(robots, "/" + "a" * 2000) <= 2 * 2000
    assert allows(body, "https://e.org/b")


def test_a_pattern_longer_than_any_url() -> None:
    """It is not even kept ready."""
    patterns = Permissions(
        read_robots(b"User-agent: *\nDisallow: /" + b"a" * LITERALS_MAX, TOKEN), 60
    )._patterns
    assert patterns._root.parts == {}


ANY_LINES = st.lists(
    st.sampled_from(
        [
            b"User-agent: *",
            b"User-agent: AlonChatBot",
            b"User-agent: other",
            b"Allow: /a",
            b"Allow: /a*b",
            b"Disallow: /a/",
            b"Disallow: /*b$",
            b"Disallow: /",
            b"Disallow:",
            b"Crawl-delay: 1",
            b"Sitemap: /s",
            b"nonsense",
            b"",
        ]
    ),
    max_size=12,
)
ANY_PATH = st.text("ab/?%*$é", max_size=8).map("https://e.org/".__add__)
ANY_RULES = st.lists(
    st.tuples(st.sampled_from(["Allow", "Disallow"]), st.text("ab/?*$%2F", max_size=6)), max_size=8
)


def group(agent: str, rules: list[tuple[str, str]]) -> bytes:
    """A group of a robots.txt."""
    return f"User-agent: {agent}\n{''.join(f'{name}: /{path}{chr(10)}' for name, path in rules)}".encode()


@settings(max_examples=40)
@given(st.binary(max_size=200), st.text(max_size=30))
def test_nothing_raises(body: bytes, url: str) -> None:
    """Whatever bytes a site sends, and whatever is asked, there is an answer."""
    allows(body, url)
    allows(b"User-agent: *\nDisallow: /" + body, f"https://e.org/{url}")


@settings(max_examples=40)
@given(ANY_LINES, ANY_RULES, ANY_PATH)
def test_others_groups_change_nothing(lines: list[bytes], rules: list[tuple[str, str]], url: str) -> None:
    """A group for somebody else, before or behind, is none of ours."""
    body = b"User-agent: *\nDisallow: /b\n" + b"\n".join(lines) + b"\nDisallow:\n"
    other = group("other", [*rules, ("Disallow", "")])
    assert allows(body + other, url) == allows(body, url) == allows(other + body, url)


@settings(max_examples=40)
@given(ANY_RULES, ANY_PATH, st.randoms(use_true_random=False))
def test_order_changes_nothing(rules: list[tuple[str, str]], url: str, random: object) -> None:
    """The longest match wins wherever it stands."""
    shuffled = list(rules)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # a random.Random
    assert allows(group("*", shuffled), url) == allows(group("*", rules), url)


PATTERN = st.from_regex(r"[/*][ab*]{0,7}\$?", fullmatch=True)


@settings(max_examples=80)
@given(st.lists(PATTERN, max_size=12), st.from_regex(r"/[ab]{0,9}", fullmatch=True))
def test_as_regular_expressions(patterns: list[str], path: str) -> None:
    """All patterns looked for at once come out as a regular expression of each."""
    entries = [(Pattern.of(pattern.encode()), (place, 0)) for place, pattern in enumerate(patterns)]
    matching = [
        place
        for place, pattern in enumerate(patterns)
        if re.match(pattern.removesuffix("$").replace("*", ".*") + "$" * pattern.endswith("$"), path)
    ]
    found = Patterns(entries).best(path)
    assert (found[0] if found else None) == max(matching, default=None)


@given(st.text("abé/?%4", max_size=8))
def test_a_url_matches_itself(path: str) -> None:
    """What is forbidden as it is written is forbidden."""
    assert not allows(f"User-agent: *\nDisallow: /{path}".encode(), f"https://e.org/{path}")
