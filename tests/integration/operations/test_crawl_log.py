"""What a crawl in a process of its own says in its log."""

from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.sites.watched_crawl import IDS
from tests.sites.watching import crawl, lines

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def worker() -> CompletedProcess[str]:
    """A worker without a source of its own that stored two pages."""
    return crawl({"paths": ["/a", "/b"]})


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


def test_context_ends_with_the_lease(worker: CompletedProcess[str]) -> None:
    """What the engine logs after the last page is not said to be that page's."""
    said = lines(worker.stderr)
    pages = [line["url"] for line in said if line["event"] == "a warning on the page"]
    assert {url[-2:] for url in pages} == {"/a", "/b"}
    closing = next(line for line in said if line["event"].startswith("Closing spider"))
    assert "url" not in closing
    assert "project" not in closing


def test_worker_prints_no_table(worker: CompletedProcess[str]) -> None:
    """A worker without a source of its own leaves standard output alone and logs each source's counts."""
    assert worker.stdout == ""
    said = lines(worker.stderr)
    completed = next(line for line in said if line["event"] == "source completed")
    assert completed["counts"] == {"stored": 2, "dead": 1}
    assert completed["reasons"] == {"dead:http 404": 1}
    assert completed["chunks"] == 6
    assert next(line for line in said if line["event"] == "closed")["outcomes"] == {"stored": 2}


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
