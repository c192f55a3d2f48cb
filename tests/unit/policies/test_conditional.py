"""Which conditional requests are made, and what their answers mean."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from scrapy import Request
from scrapy.http import Response
from scrapy.settings import Settings

from alonchat_crawl.errors import GiveUp, ReasonedError, Retry
from alonchat_crawl.fetch.request_context import RequestContext
from alonchat_crawl.policies.conditional import ConditionalRequests, conditions, confirms
from alonchat_crawl.policies.status import StatusPolicy
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.sources import Kind, Lease, Source
from alonchat_crawl.spiders.provenance import page_provenance
from alonchat_crawl.storage.validators import Validators

URL = "https://e.org/a"
FETCHED = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
OLD = "Mon, 23 Nov 2026 08:00:00 GMT"


def visit(etag: str | None = None, last_modified: str | None = None) -> Validators:
    """A stored page with these validators."""
    return Validators(UUID(int=1), etag, last_modified, "test/1", FETCHED, ())


@pytest.mark.parametrize(
    "etag",
    ['"abc"', 'W/"abc"', '""', '"a,b"', '"\xe9"', '"33a64df5-gzip"'],
)
def test_an_etag_is_sent_back_as_it_was(etag: str) -> None:
    """Strong or weak, an entity tag (RFC 9110, 8.8.3) is sent back letter for letter."""
    assert conditions(visit(etag)) == {"If-None-Match": etag}


@pytest.mark.parametrize(
    "etag",
    [
        "*",
        "",
        "abc",
        'w/"abc"',
        '"abc',
        '"a"b"',
        '"a" , "b"',
        '"a\r\nX-Evil: 1"',
        '"a"\n',
        '"a b"',
        '"\u0416"',
    ],
)
def test_what_is_no_etag_is_not_sent(etag: str) -> None:
    """`*` would match whatever there is, a list or a line break would say what nobody meant."""
    assert conditions(visit(etag)) == {}


@pytest.mark.parametrize(
    ("last_modified", "sent"),
    [
        (OLD, True),
        ("Tue, 24 Nov 2026 11:59:00 GMT", True),
        ("Tue, 24 Nov 2026 11:59:01 GMT", False),  # it may have changed again within the second
        ("Tue, 24 Nov 2026 12:00:00 GMT", False),
        ("Wed, 25 Nov 2099 12:00:00 GMT", False),
        ("Fri, 31 Dec 9999 23:59:59 GMT", False),
        ("Sunday, 06-Nov-94 08:49:37 GMT", True),
        ("Mon, 23 Nov 2026 08:00:00", True),
        ("", False),
        ("yesterday", False),
        ("0", False),
        ("-1", False),
        (f"{OLD}\r\nX-Evil: 1", False),
        (f"{OLD} (\xe9)", False),
    ],
)
def test_last_modified(last_modified: str, sent: bool) -> None:  # noqa: FBT001 - a column of the table
    """It is sent back where it is a date that was well past when the page was fetched (RFC 9110, 8.8.2.2)."""
    assert conditions(visit(None, last_modified)) == ({"If-Modified-Since": last_modified} if sent else {})


def test_both_validators_are_sent() -> None:
    """A server that knows no entity tags goes by the date (RFC 9110, 13.1.3)."""
    assert conditions(visit('"1"', OLD)) == {"If-None-Match": '"1"', "If-Modified-Since": OLD}


@pytest.mark.parametrize(
    ("stored", "answered", "same"),
    [
        ('"1"', '"1"', True),
        ('"1"', "", True),
        ('"1"', 'W/"1"', True),
        ('W/"1"', '"1"', True),
        ('"1"', '"2"', False),
        ('"1"', 'W/"2"', False),
        ('"1-gzip"', '"1"', True),
        ('"1--gzip"', 'W/"1"', True),
        ('"1;br"', '"1"', True),
        ('"1-gzip"', '"2"', False),
        ('"1-x"', '"1"', False),
        (None, '"1"', True),
        (None, "", True),
    ],
)
def test_what_a_304_confirms(stored: str | None, answered: str, same: bool) -> None:  # noqa: FBT001
    """A 304 for another representation than the stored one says nothing of that (RFC 9111, 4.3.4)."""
    assert confirms(visit(stored), answered) is same


@pytest.mark.parametrize(
    ("status", "asked", "verdict"),
    [
        (200, False, None),
        (200, True, None),
        (304, True, None),
        (304, False, GiveUp),
        (301, True, GiveUp),
        (404, True, GiveUp),
        (412, True, GiveUp),
        (503, True, Retry),
    ],
)
def test_statuses(status: int, asked: bool, verdict: type[ReasonedError] | None) -> None:  # noqa: FBT001
    """A 304 passes only where we asked whether the page has changed; asked or not, other statuses do not."""
    request = Request(URL, meta=RequestContext(validators=visit('"1"') if asked else None).as_meta())
    response = Response(URL, status=status)
    if verdict is None:
        assert StatusPolicy().process_response(request, response) is response
    else:
        with pytest.raises(verdict, match=f"HTTP status {status}"):
            StatusPolicy().process_response(request, response)


def test_a_304_for_another_etag_is_tried_again(middleware: ConditionalRequests) -> None:
    """It is neither unchanged nor an error: the next attempt asks for the whole page."""
    request = Request(URL, meta=RequestContext(validators=visit('"1"')).as_meta())
    with pytest.raises(Retry) as raised:
        middleware.process_response(request, Response(URL, status=304, headers={"ETag": '"2"'}))
    assert raised.value.reason == "other etag"
    for response in (
        Response(URL, status=304, headers={"ETag": '"1"'}),
        Response(URL, status=304),
        Response(URL, status=200, headers={"ETag": '"2"'}),
    ):
        assert middleware.process_response(request, response) is response


@pytest.fixture
def middleware() -> ConditionalRequests:
    """The middleware of a crawl whose database is never asked."""
    return ConditionalRequests(Connections(Settings()), "test/1", max_days=30)


@pytest.mark.parametrize(("sent", "kept"), [('"1"', '"1"'), ('"' + "x" * 1023 + '"', None), ("", None)])
def test_a_long_validator_is_not_kept(sent: str, kept: str | None) -> None:
    """Sites may send headers of 256 KB, and each page would keep two: the page is fetched whole again."""
    source = Source(UUID(int=1), UUID(int=2), UUID(int=3), URL, "shop", max_pages=9, max_depth=9)
    lease = Lease("1", source, ("https://e.org",), "e.org", URL, Kind.PAGE, 1, 1)
    response = Response(URL, headers={"ETag": sent, "Last-Modified": sent})
    found = page_provenance(lease, response, None, validated=True)
    assert (found.etag, found.last_modified) == (kept, kept)
