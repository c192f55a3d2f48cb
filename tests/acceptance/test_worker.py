"""Workers and the web app's list of seeds: quick, shared, and safe against kill -9."""

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.acceptance.conftest import idle_workers, rows, until, worker
from tests.sites.ordinary import FILLER
from tests.sites.server import Site, page
from tests.support.lists import unread

KEY = "website:start_urls"
PAGES = 30


@pytest.fixture
def client(redis_url: str) -> Iterator[Any]:
    """The web app's Redis."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as connection:
        yield connection


@pytest.fixture
def site() -> Iterator[Site]:
    """A front page with links to PAGES further pages."""
    paths = tuple(f"/{n}" for n in range(PAGES))
    routes = {path: page(f"Page {path}", f"This is page {path}. {FILLER}") for path in paths}
    with Site({"/": page("Front", FILLER, paths), **routes}).serving() as running:
        yield running


def seed(site: Site, **fields: object) -> str:
    """A seed as the web app writes it."""
    return json.dumps({"url": site.url, "project_id": "shop", **fields})


def test_seeds_good_and_bad(
    client: Any, site: Site, environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    """An idle worker serves JSON seeds and plain URLs; each bad one is kept with its reason, in order."""
    with worker(environment, tmp_path) as process:
        until(lambda: idle_workers(client) == 1, process)
        client.lpush(KEY, "{broken", "no-scheme.example", seed(site, max_pages=3, source_id="a"), site.url)
        client.lpush(KEY, "http://127.0.0.1:1/", '{"url": "https://e.org", "max_pages": 0}')
        until(lambda: not unread(client, KEY), process)
        completed = "select count(*) from sources where status = 'completed'"
        until(lambda: rows(database_url, completed) == [(2,)], process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    query = "select url, options->>'max_pages', counts->>'stored' from sources where counts ? 'stored'"
    counts = {(url, limit): stored for url, limit, stored in rows(database_url, query)}
    assert counts == {(f"{site.url}/", "3"): "3", (f"{site.url}/", "10000"): str(PAGES + 1)}
    letters = [json.loads(fields["letter"]) for _, fields in client.xrange("f2:{0}:dead")]
    seeds = {letter["seed"]: letter["failures"][0][2] for letter in letters if "seed" in letter}
    assert set(seeds) == {"{broken", "no-scheme.example", '{"url": "https://e.org", "max_pages": 0}'}
    assert "has no scheme: write https://no-scheme.example" in seeds["no-scheme.example"]


def test_kill_minus_nine_loses_nothing(
    client: Any, site: Site, environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    """What a worker killed amid its pages had not committed is done by the next; nothing is doubled."""
    with worker(environment, tmp_path) as first:
        client.lpush(KEY, seed(site))
        until(lambda: rows(database_url, "select from pages"), first)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    # What it held comes back when its leases expire; the test does not wait for that.
    for lease in client.zrange("f2:{0}:lease", 0, -1):
        client.zadd("f2:{0}:lease", {lease: 1})
    with worker(environment, tmp_path) as second:
        until(lambda: rows(database_url, "select from sources where status = 'completed'"), second)
        second.send_signal(signal.SIGTERM)
        second.wait(30)
    urls = Counter(url for (url,) in rows(database_url, "select url from pages"))
    assert set(urls) == {f"{site.url}/", *(f"{site.url}/{n}" for n in range(PAGES))}
    assert set(urls.values()) == {1}
    assert (
        rows(database_url, "select from source_chunks group by page_id, position having count(*) > 1") == []
    )
    assert client.zcard("f2:{0}:lease") == 0


def test_two_workers_share_a_source(
    client: Any, site: Site, environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    """Two workers on one machine take a port each, and fetch each page once between them."""
    with worker(environment, tmp_path) as first, worker(environment, tmp_path) as second:
        until(lambda: idle_workers(client) == 2)
        client.lpush(KEY, seed(site))
        client.lpush(KEY, seed(site))
        until(lambda: rows(database_url, "select from sources where status = 'completed'"))
        for process in (first, second):
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    assert len(rows(database_url, "select from pages")) == PAGES + 1
    assert len(site.paths) == len(set(site.paths))


def test_the_pace_holds_over_all_workers(
    client: Any, site: Site, environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    """With a delay, no two requests to a domain begin closer than it, robots.txt included."""
    delayed = environment | {"CRAWL_DELAY_SECONDS": "0.5"}
    with worker(delayed, tmp_path) as first, worker(delayed, tmp_path) as second:
        until(lambda: idle_workers(client) == 2)
        client.lpush(KEY, seed(site, max_pages=8))
        until(lambda: rows(database_url, "select from sources where status = 'completed'"))
        for process in (first, second):
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    began = [at for at, _ in site.asked]
    assert len(began) == 9
    # The server's clock sees each request after its way through a loaded machine: hence the margin.
    assert min(later - earlier for earlier, later in pairwise(began)) > 0.4
