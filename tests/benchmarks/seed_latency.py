"""Seed latency: from the web app's LPUSH to the first fetch that arrives at the site, on an idle worker.

Each push names a host that the worker has never seen, so its first fetch is that of robots.txt; the
first page comes after the answer to that. A second push for each host, of another project, finds
robots.txt in the cache. Between pushes the worker is idle again. The baseline is scrapy-redis' own
spider, which looks at the list every 5 s: its pushes are spread evenly over those 5 s.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis

from tests.benchmarks.bench import Bench, until, waits_for_seeds
from tests.benchmarks.documentation import Documentation
from tests.benchmarks.results import Row
from tests.benchmarks.stock_spider import SEEDS_KEY
from tests.sites.server import Answer, Route, Site

ROUNDS = 11
IDLE_SECONDS = 5.0  # between scrapy-redis' looks at its list: Scrapy's heartbeat
STOCK = "scrapy-redis 0.9.1 as it comes"


def measure(bench: Bench) -> Iterator[Row]:
    """Yield the latency of the first fetch, of the first page, and with robots.txt cached."""
    bench.say("seed_latency: the baseline, scrapy-redis as it comes …")
    stock = [(_first(asked), _page(asked)) for asked in _stock(bench)]
    bench.say("seed_latency: the worker …")
    fresh, known = _ours(bench)
    stock_first, stock_page = [first for first, _ in stock], [page for _, page in stock]
    yield Row("seed to first fetch", "ms", [_first(asked) for asked in fresh], STOCK, stock_first)
    yield Row("seed to first page", "ms", [_page(asked) for asked in fresh], STOCK, stock_page)
    yield Row("the same, robots.txt cached", "ms", [_page(asked) for asked in known], STOCK, stock_page)


Asked = list[tuple[float, str]]
"""Milliseconds since the push, and the path."""


def _first(asked: Asked) -> float:
    return asked[0][0]


def _page(asked: Asked) -> float:
    return next(milliseconds for milliseconds, path in asked if path == "/")


def _routes() -> dict[str, Route]:
    return {"/": Documentation(1).page(0), "/robots.txt": Answer(b"User-agent: *\nAllow: /\n", "text/plain")}


def _push(client: Any, key: str, seed: str, site: Site, done: Callable[[], object]) -> Asked:
    """Push a seed; return what the site was then asked."""
    before = len(site.asked)
    pushed = time.monotonic()
    client.lpush(key, seed)
    until(lambda: "/" in site.paths[before:] and done())
    return [((at - pushed) * 1000, path) for at, path in site.asked[before:]]


def _ours(bench: Bench) -> tuple[list[Asked], list[Asked]]:
    fresh, known = [], []
    with bench.idle_worker() as (_, client):
        for number in (-1, *bench.rounds(ROUNDS)):  # the first one waits for the model and is not counted
            with bench.site(_routes()) as site:
                asked = [
                    _push_ours(bench, client, site, f"latency-{number}-{again}") for again in ("new", "known")
                ]
            if number >= 0:
                fresh.append(asked[0])
                known.append(asked[1])
    return fresh, known


def _push_ours(bench: Bench, client: Any, site: Site, project: str) -> Asked:
    until(lambda: waits_for_seeds(client))
    time.sleep(0.7)  # whatever the last page left to do is done
    seed = json.dumps({"url": site.url, "project_id": project})
    return _push(client, "website:start_urls", seed, site, lambda: bench.completed(site, project))


@contextmanager
def _stock_worker(bench: Bench, url: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.stock_spider", url],
        cwd=bench.folder,
        env={name: value for name, value in bench.environment.items() if name != "SCRAPY_SETTINGS_MODULE"},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _stock(bench: Bench) -> Iterator[Asked]:
    url = f"{bench.redis_url}?db=1"
    with redis.Redis.from_url(url) as client, _stock_worker(bench, url) as process:
        rounds = bench.rounds(ROUNDS)
        for number in (-1, *rounds):  # the first one waits for the start of the process and is not counted
            with bench.site(_routes()) as site:
                if number >= 0:
                    time.sleep(1 + IDLE_SECONDS * number / len(rounds))
                asked = _push(client, SEEDS_KEY, site.url, site, lambda: process.poll() is None)
            if number >= 0:
                yield asked
