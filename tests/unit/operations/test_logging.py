"""What the log says, to machines and to people, in real crawls."""
# Twisted's Failure is untyped.
# mypy: disable-error-code="no-untyped-call"

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
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
from tests.sites.watching import crawl, lines

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


def test_every_line_of_a_crawl_is_json_with_its_context() -> None:
    """Scrapy's, Twisted's and our lines, warnings and uncaught exceptions are one JSON object each."""
    ran = crawl({"paths": ["/a", "/warn", "/boom", "/missing", "http://127.0.0.1:9/x"], "uncaught": True})
    said = lines(ran.stderr)
    assert all({"timestamp", "level", "logger", "event", "worker"} <= set(line) for line in said)
    events = {line["event"].split("\n")[0]: line for line in said}
    page = events["a warning on the page"]
    assert page["project"] == str(IDS[0])
    assert page["source"] == str(IDS[1])
    assert page["url"].startswith("http://127.0.0.1:")
    assert any("a python warning" in event for event in events)
    uncaught = [line["exception"][0]["exc_type"] for line in said if line["event"] == "uncaught exception"]
    assert uncaught == ["ZeroDivisionError", "RuntimeError"]
    broken = next(line for line in said if "the spider failed on" in line["event"])
    assert broken["url"].endswith("/boom")
    assert broken["exception"][0]["exc_value"] == "the spider broke"
    assert next(line for line in said if "unformattable" in line)["event"] == "bad arguments %d"
    assert "THE-BODY" not in ran.stderr


def test_context_ends_with_the_lease() -> None:
    """What the engine logs after the last page is not said to be that page's."""
    said = lines(crawl({"paths": ["/a", "/b"]}).stderr)
    pages = [line["url"] for line in said if line["event"] == "a warning on the page"]
    assert {url[-2:] for url in pages} == {"/a", "/b"}
    closing = next(line for line in said if line["event"].startswith("Closing spider"))
    assert "url" not in closing
    assert "project" not in closing


def test_nothing_floods() -> None:
    """Thirty pages more give not one line more at INFO."""
    few, many = (lines(crawl({"paths": [f"/missing{n}" for n in range(count)]}).stderr) for count in (1, 31))
    assert len(few) == len(many)


def test_no_secret_is_logged() -> None:
    """Neither a message, nor a field, nor Scrapy's list of settings shows a secret."""
    ran = crawl(
        {"paths": ["/secret?token=t0ken-in-url"], "settings": {"LOG_LEVEL": "DEBUG"}},
        DATABASE_URL="postgresql://user:hunter2@nowhere/db",
        REDIS_URL="redis://:hunter2@nowhere/0",
        SUPABASE_SERVICE_KEY="a-service-key",
    )
    assert "cannot log in with [hidden]" in ran.stderr
    assert "fetched http" in ran.stderr
    for secret in ("hunter2", "t0ken-in-url", "k-123456", "a-service-key"):
        assert secret not in ran.stderr


@pytest.mark.parametrize("append", [True, False])
def test_log_file_takes_the_lines(tmp_path: Path, append: bool) -> None:  # noqa: FBT001
    """LOG_FILE, as scrapyd sets it, has the JSON lines, after its old ones or instead of them."""
    path = tmp_path / "job.log"
    path.write_text('{"event": "before"}\n')
    ran = crawl({"paths": ["/a"], "settings": {"LOG_FILE": str(path), "LOG_FILE_APPEND": append}})
    assert ran.stderr == ""
    events = [line["event"] for line in lines(path.read_text())]
    assert ("before" in events) == append
    assert "a warning on the page" in events


def test_log_file_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    """One sentence and a non-zero exit, no traceback."""
    ran = crawl({"settings": {"LOG_FILE": str(tmp_path / "no" / "file")}})
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "cannot be written (No such file or directory)" in ran.stderr


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
