"""A running crawl seen from outside: /metrics, /healthz and /readyz."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from time import sleep
from typing import Any
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.sites.watching import held

pytestmark = pytest.mark.slow


def ask(origin: str, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
    """Send one request; return status, headers and body."""
    parts = urlsplit(origin)
    connection = HTTPConnection(str(parts.hostname), parts.port, timeout=20)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return response.status, named, response.read().decode()
    finally:
        connection.close()


def values(origin: str) -> dict[tuple[str, ...], float]:
    """Return what /metrics says, by name and labels."""
    status, _, text = ask(origin, "/metrics")
    assert status == 200
    return {
        (one.name, *(one.labels[name] for name in sorted(one.labels))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def wait_for(origin: str, key: tuple[str, ...], least: float) -> dict[tuple[str, ...], float]:
    """Ask until a value is reached."""
    for _ in range(1200):
        found = values(origin)
        if found.get(key, 0) >= least:
            return found
        sleep(0.05)
    raise AssertionError(f"{key} is {found.get(key)}")


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """The metrics of a crawl that stores two pages, fails on three, and goes on."""
    plan = {
        "paths": ["/a", "/b", "/boom", "/missing", "http://127.0.0.1:9/x"],
        "settings": {"METRICS_PORT": "0"},
    }
    with held(plan) as origin:
        yield origin


def test_metrics_tell_what_the_crawl_does(origin: str) -> None:
    """Every family of the crawl has the value that the crawl's signals gave."""
    wait_for(origin, ("alonchat_pages_total", "dead", "http 404"), 1)
    wait_for(origin, ("alonchat_pages_total", "dead", "connection"), 1)
    wait_for(origin, ("alonchat_errors_total", "ValueError", "spider"), 1)
    found = wait_for(origin, ("alonchat_chunks_stored_total",), 6)
    expected = {
        ("alonchat_pages_total", "stored", ""): 2,
        ("alonchat_windows_stored_total",): 10,
        ("alonchat_tokens_embedded_total", "00000000-0000-0000-0000-000000000001"): 200,
        ("alonchat_model_load_seconds",): 1.5,
        ("alonchat_stage_seconds_count", "chunk"): 2,
        ("alonchat_stage_seconds_count", "fetch"): 5,
        ("alonchat_frontier_pending_urls",): 7,
        ("alonchat_frontier_leased_urls",): 2,
        ("alonchat_frontier_sources",): 1,
        ("alonchat_requests_in_flight",): 0,
    }
    assert {key: found.get(key) for key in expected} == expected
    assert [key for key in found if key[0] == "alonchat_download_errors_total"]
    assert ("process_resident_memory_bytes",) in found


def test_http_behaves(origin: str) -> None:
    """Content types, HEAD, other methods, other paths."""
    status, headers, body = ask(origin, "/metrics")
    assert (status, headers["content-type"][:10]) == (200, "text/plain")
    assert "# HELP alonchat_pages_total" in body
    _, headers, body = ask(origin, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert headers["content-type"].startswith("application/openmetrics-text")
    assert body.endswith("# EOF\n")
    for path in ("/metrics", "/healthz"):
        status, headers, body = ask(origin, path, "HEAD")
        assert (status, body) == (200, "")
        assert headers["content-type"].startswith("text/plain")
        assert ask(origin, path, "POST")[0] == 405
    assert ask(origin, "/healthz")[::2] == (200, "ok\n")
    for path in ("/", "/metric", "/metrics/x", "/../etc/passwd", "/%00"):
        assert ask(origin, path)[0] == 404


def test_workers_on_one_machine_do_not_collide() -> None:
    """Three at once on the default range have a port each, and each serves its own metrics."""
    with ExitStack() as stack:
        origins = [stack.enter_context(held({})) for _ in range(3)]
        assert len(set(origins)) == 3
        for origin in origins:
            assert 9410 <= (urlsplit(origin).port or 0) <= 9509
            assert ask(origin, "/healthz")[0] == 200


def readiness(origin: str, method: str = "GET") -> tuple[int, Any]:
    """Return what /readyz answers."""
    status, headers, body = ask(origin, "/readyz", method)
    assert headers["content-type"] == "application/json"
    return status, json.loads(body) if body else None


def test_ready_when_both_servers_answer(redis_url: str, database_url: str) -> None:
    """200, also for HEAD."""
    with held({"settings": {"METRICS_PORT": "0"}}, REDIS_URL=redis_url, DATABASE_URL=database_url) as origin:
        assert readiness(origin) == (200, {"ready": True, "missing": {}})
        assert readiness(origin, "HEAD") == (200, None)


EMBEDDING = {
    "METRICS_PORT": "0",
    "READY_CACHE_SECONDS": 0.01,
    "ITEM_PIPELINES": {"pipelines.embed.Embed": 400},
}


def test_not_ready_without_the_model(redis_url: str, database_url: str) -> None:
    """503 as long as the model is not loaded: here it cannot be."""
    settings = {**EMBEDDING, "EMBEDDING_MODEL": "no-such-model"}
    with held({"settings": settings}, REDIS_URL=redis_url, DATABASE_URL=database_url) as origin:
        assert readiness(origin) == (503, {"ready": False, "missing": {"model": "is not loaded"}})


def test_ready_once_the_model_is_loaded(redis_url: str, database_url: str) -> None:
    """200 follows the model's loading, whose seconds are a metric."""
    with held({"settings": EMBEDDING}, REDIS_URL=redis_url, DATABASE_URL=database_url) as origin:
        wait_for(origin, ("alonchat_model_load_seconds",), 0.001)
        assert readiness(origin) == (200, {"ready": True, "missing": {}})


@pytest.mark.parametrize("gone", ["REDIS_URL", "DATABASE_URL"])
def test_not_ready_without_a_server(redis_url: str, database_url: str, gone: str) -> None:
    """503 names the server that does not answer and shows nothing of its URL; the process stays healthy."""
    urls = {"REDIS_URL": redis_url, "DATABASE_URL": database_url}
    scheme = {"REDIS_URL": "redis", "DATABASE_URL": "postgresql"}[gone]
    urls[gone] = f"{scheme}://user:hunter2@127.0.0.1:9/0"
    with held({"settings": {"METRICS_PORT": "0"}}, **urls) as origin:
        status, answer = readiness(origin)
        assert status == 503
        assert list(answer["missing"]) == [{"REDIS_URL": "redis", "DATABASE_URL": "postgres"}[gone]]
        assert "hunter2" not in json.dumps(answer)
        assert ask(origin, "/healthz")[0] == 200
