"""What reaches Sentry: errors, with their context, without secrets."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest

from tests.sites.watching import crawl

pytestmark = pytest.mark.slow

PASSWORD = "hunter2-planted"  # noqa: S105 - planted


@contextmanager
def sentry() -> Iterator[tuple[str, list[bytes]]]:
    """Run a server that takes envelopes; give its DSN and what it got."""
    taken: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            decode = {"gzip": gzip.decompress, "br": brotli.decompress}
            taken.append(decode.get(self.headers.get("Content-Encoding", ""), bytes)(body))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://publickey@127.0.0.1:{server.server_port}/1", taken
        server.shutdown()
        thread.join()


def events(taken: list[bytes]) -> list[dict[str, Any]]:
    """Return the events of all envelopes."""
    found = []
    for envelope in taken:
        parts = [json.loads(line) for line in envelope.splitlines() if line]
        found += [
            body for head, body in zip(parts[1::2], parts[2::2], strict=True) if head["type"] == "event"
        ]
    return found


def test_errors_arrive_with_context_and_without_secrets() -> None:
    """Errors only; tags say worker, project and source; no secret, no page, no local variable."""
    with sentry() as (dsn, taken):
        ran = crawl(
            {"paths": [f"/secret?token={PASSWORD}", "/boom", "/a"]},
            SENTRY_DSN=dsn,
            DATABASE_URL=f"postgresql://user:{PASSWORD}@nowhere/db",
            REDIS_URL="redis://127.0.0.1:1/0",
        )
    assert ran.returncode == 0, ran.stderr
    got = {event["logentry"]["message"]: event for event in events(taken)}
    assert set(got) == {"cannot log in with %s", "%(event)s %(url)s: %(said)s"}
    for event in got.values():
        assert event["level"] == "error"
        assert {"worker", "project", "source"} <= set(event["tags"])
        assert event["extra"]["url"].startswith("http://127.0.0.1:")
        assert "user" not in event
    whole = b"".join(taken)
    assert b"the spider broke" in whole
    assert b"vars" not in whole
    assert b"THE-BODY" not in whole
    assert PASSWORD.encode() not in whole
    assert b"k-123456" not in whole


def test_malformed_dsn_stops_the_start_without_showing_it() -> None:
    """One sentence names the variable, and not its value, and no page is fetched."""
    ran = crawl({"paths": ["/a"]}, SENTRY_DSN=f"http://{PASSWORD}@/1")
    assert ran.returncode == 1
    assert "SENTRY_DSN cannot be used" in ran.stderr
    assert PASSWORD not in ran.stderr
    assert "Spider opened" not in ran.stderr
