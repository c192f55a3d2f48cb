"""How a site's file for robots is asked for, what an answer means, and what is kept of it."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.settings import Settings

from alonchat_crawl.errors import StartupError
from alonchat_crawl.policies.robots.fetch_state import (
    FileBody,
    KeptFile,
    PendingFile,
    SiteFileLimits,
    decode,
    encode,
    failed,
    read_response,
)
from alonchat_crawl.policies.robots.policy import robots_file
from alonchat_crawl.settings import ROBOTS_MAX_BYTES, ROBOTS_MAX_KEPT_BYTES

LIMITS = SiteFileLimits(
    max_bytes=1000,
    max_kept_bytes=500,
    max_hops=5,
    max_failures=3,
    cache_seconds=86_000,
    unreachable_seconds=3600,
)
PENDING = PendingFile("https://e.org/robots.txt")
TEXT = b"User-agent: *"
UNREADABLE_FILE = KeptFile(b"", unreachable="redirected to no URL that can be asked")
ASK_AGAIN = PendingFile(PENDING.url, failures=1)
FILE = robots_file(Settings({"USER_AGENT": "AlonChatBot/1.0", "ROBOTS_MAX_DELAY_SECONDS": 60}))


@pytest.mark.parametrize(
    ("status", "location", "expected"),
    [
        (200, "", FileBody(TEXT)),
        (204, "", FileBody(TEXT)),
        (299, "", FileBody(TEXT)),
        *((status, "", FileBody(b"")) for status in (400, 401, 403, 404, 406, 410, 418, 451, 499)),
        *((status, "", ASK_AGAIN) for status in (408, 425, 429, 500, 501, 502, 503, 504, 520, 599, 999, 100)),
        (301, "/r.txt", PendingFile("https://e.org/r.txt", hops=1)),
        (302, "https://www.e.org/robots.txt", PendingFile("https://www.e.org/robots.txt", hops=1)),
        (303, "r.txt", PendingFile("https://e.org/r.txt", hops=1)),
        (307, "//f.org/robots.txt", PendingFile("https://f.org/robots.txt", hops=1)),
        (308, " http://e.org/r ", PendingFile("http://e.org/r", hops=1)),
        (301, "", FileBody(b"")),
        (301, "ftp://e.org/robots.txt", FileBody(b"")),
        (301, "file:///etc/passwd", FileBody(b"")),
        (301, "data:text/plain,Disallow:", FileBody(b"")),
        (301, "http://[", UNREADABLE_FILE),
        (301, "http://", UNREADABLE_FILE),
        (301, "http://a b/", UNREADABLE_FILE),
        (301, "http://xn--a-.e.org/", UNREADABLE_FILE),
        (301, "http://user@e.org/", UNREADABLE_FILE),
        (301, "http://\u00df_.e.org/", PendingFile("http://xn--_-pfa.e.org/", hops=1)),
        (301, "/" + "x" * 3000, UNREADABLE_FILE),  # all workers keep where to ask next: it is bounded
        (300, "", FileBody(b"")),
        (304, "", FileBody(b"")),
    ],
)
def test_answers(status: int, location: str, expected: FileBody | KeptFile | PendingFile) -> None:
    """Redirects are followed, client errors allow all, others are asked again (RFC 9309, 2.3.1).

    Only the body of a success is read. A redirect that cannot be read forbids all.
    """
    assert read_response(PENDING, status, location, TEXT, LIMITS) == expected


def test_enough_is_enough() -> None:
    """After five redirects all is allowed; after some failures all is forbidden."""
    assert read_response(PendingFile(PENDING.url, hops=4), 302, "/a", b"", LIMITS) == PendingFile(
        "https://e.org/a", hops=5
    )
    assert read_response(PendingFile(PENDING.url, hops=5), 302, "/a", b"", LIMITS) == FileBody(b"")
    assert read_response(PendingFile(PENDING.url, failures=2), 500, "", b"", LIMITS) == KeptFile(
        b"", "http 500"
    )
    assert failed(PendingFile(PENDING.url, 1, 1), "dns", LIMITS) == PendingFile(PENDING.url, 1, 2)
    assert failed(PendingFile(PENDING.url, 1, 2), "dns", LIMITS) == KeptFile(b"", "dns")
    assert read_response(PendingFile(PENDING.url, 4, 2), 302, "/a", b"", LIMITS).failures == 0, "it answered"  # type: ignore[union-attr] # a PendingFile


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize(
    ("first_octets", "rules"),
    [
        (b"User-agent: *\nDisallow: /a\nDisallow: /private/pa", b"\ndisallow:/a"),
        (b"User-agent: *\nDisallow: /a\nAllow: /", b"\ndisallow:/a"),
        (b"User-agent: *\nDisallow: /a\n", b"\ndisallow:/a"),
        (b"User-agent: *\nDisallow: /", b""),
        (b"User-agent: *", b""),
        (b"User", b""),
    ],
)
def test_size(first_octets: bytes, rules: bytes, end: bytes) -> None:
    """The line that the limit cuts in two is none: it would be another rule."""
    found = FILE.condense(FileBody(first_octets.replace(b"\n", end), whole=False))
    assert found == b"user-agent:alonchatbot" + rules
    assert read_response(PENDING, 200, "", b"x" * 1000, LIMITS) == FileBody(b"x" * 1000)
    assert read_response(PENDING, 200, "", b"x" * 1001, LIMITS) == FileBody(b"x" * 1000, whole=False)


def test_all_that_the_rfc_asks_for_is_read() -> None:
    """The last rule within 500 KiB counts (2.5)."""
    rule = b"\nDisallow: /last\n"
    body = b"User-agent: *\n" + b"#" * (500 * 1024 - 14 - len(rule)) + rule
    answer = SiteFileLimits(ROBOTS_MAX_BYTES, 0, 5, 5, 1, 1)
    found = read_response(PENDING, 200, "", body + b"Disallow: /", answer)
    assert isinstance(found, FileBody)
    assert FILE.condense(found).endswith(b"\ndisallow:/last")
    assert len(body) == 500 * 1024


def test_only_what_concerns_us_is_kept() -> None:
    """Of half a megabyte for others nothing is left, and a large ordinary file is kept whole."""
    others = b"".join(b"User-agent: bot%d\nDisallow: /%d\n" % (n, n) for n in range(15_000))
    assert len(encode(KeptFile(FILE.condense(FileBody(others + b"User-agent: *\nDisallow: /a"))))) < 60
    ours = b"User-agent: *\n" + b"".join(b"Disallow: /shop/item-%d/print\n" % n for n in range(15_500))
    assert 480_000 < len(ours) < ROBOTS_MAX_BYTES
    assert len(encode(KeptFile(FILE.condense(FileBody(ours))))) < ROBOTS_MAX_KEPT_BYTES
    noise = random.Random(1)  # noqa: S311 - no secret
    hostile = b"User-agent: *\n" + b"".join(
        f"Allow: /{''.join(noise.choices(string.ascii_letters, k=40))}\n".encode() for _ in range(10_000)
    )
    assert len(encode(KeptFile(FILE.condense(FileBody(hostile))))) > ROBOTS_MAX_KEPT_BYTES


FOUND = st.one_of(
    st.builds(KeptFile, st.binary(max_size=50)),
    st.builds(KeptFile, st.just(b""), st.text(min_size=1, max_size=20)),
    st.builds(PendingFile, st.text(max_size=20), st.integers(0, 9), st.integers(0, 9)),
)


@given(FOUND)
def test_what_is_kept_comes_back(found: KeptFile | PendingFile) -> None:
    """It is read as it was written."""
    assert decode(encode(found), 1000) == found


@given(FOUND, st.integers(0, 200), st.integers(1, 255))
def test_what_is_spoilt_is_unknown(found: KeptFile | PendingFile, at: int, change: int) -> None:
    """A damaged value is unknown: it allows nothing, and it crashes nothing."""
    value = bytearray(encode(found))
    value[at % len(value)] ^= change
    spoilt = decode(bytes(value), 1000)
    if isinstance(found, KeptFile) and isinstance(spoilt, KeptFile):
        assert spoilt.unreachable or spoilt == found
    decode(bytes(value)[:at], 1000)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"kept",
        b"kept ",
        b"kept x",
        b"unreachable ",
        b"unreachable",
        b"visit []",
        b"visit {}",
        b'visit {"url": 1, "hops": 0, "failures": 0}',
        b'visit {"url": "https://e.org/", "hops": "0", "failures": 0}',
        b"visit " + b"[" * 100_000,
        b'{"body": "", "unreachable": ""}',
        b"\xff\xfe",
        encode(KeptFile(b"x" * 2000)),
        encode(KeptFile(b"x" * 2000))[:-1],
    ],
    ids=repr,
)
def test_what_is_none_is_unknown(value: bytes) -> None:
    """Neither garbage, nor an older version's value, nor a bomb is believed."""
    assert decode(value, 1000) is None


@pytest.mark.parametrize("condensed", [b"", b"Disallow: /", b"user-agent:other\ndisallow:/"])
def test_what_is_no_condensed_file(condensed: bytes) -> None:
    """What this version has not written cannot allow all."""
    with pytest.raises(ValueError, match="condensed"):
        FILE.parse(condensed)


def test_an_agent_without_a_token() -> None:
    """Nobody starts whom robots.txt cannot name."""
    with pytest.raises(StartupError, match="product token"):
        robots_file(Settings({"USER_AGENT": "Mozilla/5.0"}))
