"""How a record becomes a line of the log: its JSON, its context, and Scrapy's messages."""
# Twisted's Failure is untyped.
# mypy: disable-error-code="no-untyped-call"

import json
import logging
from datetime import UTC, datetime
from uuid import UUID

from scrapy import Request, Spider
from scrapy.http import TextResponse
from twisted.python.failure import Failure

from alonchat_crawl.errors import GiveUp
from alonchat_crawl.fetch.request_context import RequestContext
from alonchat_crawl.items import Page, Provenance, StoredPage
from alonchat_crawl.operations.logs.context import facts_of
from alonchat_crawl.operations.logs.logging import LogFormatter
from alonchat_crawl.operations.logs.records import JsonFormatter
from alonchat_crawl.operations.logs.redaction import Redactor
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Kind, Lease, Source

IDS = (UUID(int=1), UUID(int=2), UUID(int=3))
URL = "http://example.com/a"
PROVENANCE = Provenance(URL, URL, *IDS, datetime.now(UTC))
PAGE = Page(PROVENANCE, "text/html", "THE-BODY")
LEASE = Lease(
    "1",
    Source(IDS[1], IDS[0], IDS[2], URL, "shop", 10, 3),
    ("http://example.com",),
    "example.com",
    URL,
    Kind.PAGE,
    0,
    1,
)
FACTS = {"project": str(IDS[0]), "source": str(IDS[1]), "url": URL}
SPIDER = Spider(name="x")
REQUEST = Request(URL, meta=RequestContext(LEASE).as_meta())
LOGS = LogFormatter()


def formatted(record: logging.LogRecord) -> dict[str, object]:
    """Return a record as its JSON line says it."""
    line = JsonFormatter(Redactor(max_chars=100)).format(record)
    assert "\n" not in line
    said = json.loads(line)
    assert isinstance(said, dict)
    return said


def record(message: object, *args: object) -> logging.LogRecord:
    """Return a record as logging makes it."""
    return logging.LogRecord("x", logging.INFO, __file__, 1, message, args, None)


def test_formatter_keeps_cause_and_url_but_no_item() -> None:
    """Scrapy's messages name the URL and the cause; ends with a reason are no errors; no item is shown."""
    response = TextResponse(URL, request=REQUEST)
    fault, reasoned = Failure(ValueError("it broke")), Failure(GiveUp(Reason.FILE_MALFORMED, "no text in it"))
    said = [
        LOGS.crawled(REQUEST, response, SPIDER),
        LOGS.scraped(PAGE, response, SPIDER),
        LOGS.scraped(StoredPage(PROVENANCE, 3, 5), response, SPIDER),
        LOGS.dropped(PAGE, GiveUp(Reason.FILE_MALFORMED), response, SPIDER),
        LOGS.item_error(PAGE, GiveUp(Reason.FILE_MALFORMED, "no text in it"), response, SPIDER),
        LOGS.item_error(PAGE, ValueError("it broke"), response, SPIDER),
        LOGS.spider_error(fault, REQUEST, response, SPIDER),
        LOGS.spider_error(reasoned, REQUEST, response, SPIDER),
        LOGS.download_error(fault, REQUEST, SPIDER),
    ]
    debug, warning, error = logging.DEBUG, logging.WARNING, logging.ERROR
    levels = [debug, debug, debug, debug, warning, error, error, warning, warning]
    assert [one["level"] for one in said] == levels
    texts = [one["msg"] % one["args"] for one in said]
    assert all(URL in text and "THE-BODY" not in text for text in texts)
    assert texts[4].endswith("no text in it")
    assert texts[5].endswith("ValueError: it broke")


def test_context_is_found_wherever_it_is() -> None:
    """A lease, a provenance, a request, a response and every item say whose work they are."""
    response = TextResponse(URL, request=REQUEST)
    for work in (LEASE, PROVENANCE, REQUEST, response, PAGE, StoredPage(PROVENANCE, 1, 1)):
        assert facts_of(work) == FACTS
    assert facts_of(Request(URL)) == {"url": URL}
    assert facts_of(None) == facts_of({"page": 1}) == {}


def test_odd_records_are_still_json() -> None:
    """Newlines, controls, huge texts, objects and wrong arguments stay within one JSON line."""
    assert formatted(record("a\nb\x1b[2J\u202e"))["event"] == "a\nb\x1b[2J\u202e"
    assert len(str(formatted(record("x" * 10_000))["event"])) < 200
    assert formatted(record(object()))["level"] == "info"
    assert formatted(record("%d", "x"))["event"] == "%d"
    odd = record("x")
    odd.item, odd.spider, odd.counts = PAGE, SPIDER, {"a": object()}
    said = formatted(odd)
    assert "item" not in said
    assert "spider" not in said
    assert str(said["counts"]).startswith("{'a': '<object object")
