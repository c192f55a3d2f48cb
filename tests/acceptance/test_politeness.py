"""What sites are asked, and when: robots.txt that moves or fails, domains in other shards."""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.acceptance.conftest import Scrapy, idle_workers, rows, until, worker
from tests.sites.ordinary import FILLER
from tests.sites.server import Answer, Route, Site, page

KEY = "website:start_urls"
DELAY_SECONDS = 0.4
CLOSEST_SECONDS = 0.35  # the sites' clock sees each request after its way through a loaded machine


@pytest.fixture
def sites() -> Iterator[Callable[..., Site]]:
    """Start sites, each on an address and so a domain of its own."""
    with ExitStack() as running:

        def start(number: int, routes: dict[str, Route]) -> Site:
            return running.enter_context(Site(routes, f"127.0.0.{number}").serving())

        yield start


def keeps_the_pace(site: Site) -> bool:
    """Whether no two requests to a site came too close."""
    return all(later - earlier > CLOSEST_SECONDS for (earlier, _), (later, _) in pairwise(site.asked))


def pages(*paths: str) -> dict[str, Route]:
    """A front page and what it links to."""
    return {"/": page("Front", FILLER, paths), **{path: page(path, f"{path} {FILLER}") for path in paths}}


def test_a_robots_txt_that_moved(scrapy: Scrapy, sites: Callable[..., Site], database_url: str) -> None:
    """Its redirects are followed, to another domain in that one's pace; what it forbids is not asked for."""
    home, other = sites(2, pages("/a", "/forbidden")), sites(3, {})
    home.routes["/robots.txt"] = Answer(b"", None, 301, {"Location": "/moved.txt"})
    home.routes["/moved.txt"] = Answer(b"", None, 302, {"Location": f"{other.url}/robots.txt"})
    other.routes["/robots.txt"] = Answer(b"", None, 308, {"Location": "/r"})
    other.routes["/r"] = Answer(b"User-agent: *\nDisallow: /forbidden\n", "text/plain")
    crawled = scrapy("crawl", "website", "-a", f"url={home.url}", CRAWL_DELAY_SECONDS=str(DELAY_SECONDS))
    assert crawled.returncode == 0, crawled.stderr
    assert home.paths == ["/robots.txt", "/moved.txt", "/", "/a"]
    assert other.paths == ["/robots.txt", "/r"]
    assert keeps_the_pace(home)
    assert keeps_the_pace(other)
    [(counts,)] = rows(database_url, "select counts from sources")
    assert counts == {"stored": 2, "refused": 1}


def test_a_robots_txt_that_fails_at_first(
    environment: dict[str, str],
    sites: Callable[..., Site],
    redis_url: str,
    database_url: str,
    tmp_path: Path,
) -> None:
    """No page is asked for before it is had; the whole site waits meanwhile, and no page loses an attempt."""

    def failing(asked_before: int) -> Answer:
        return Answer(b"", None, 500 if asked_before == 0 else 200)

    site = sites(2, pages("/a", "/b") | {"/robots.txt": failing})
    with worker(environment, tmp_path) as process, redis.Redis.from_url(redis_url) as client:
        client.lpush(KEY, json.dumps({"url": site.url}))
        until(lambda: rows(database_url, "select from sources where status = 'completed'"), process)
    assert site.paths[:3] == ["/robots.txt", "/robots.txt", "/"]
    assert site.asked[1][0] - site.asked[0][0] > 1.5  # backoff: 2 s
    [(counts,)] = rows(database_url, "select counts from sources")
    assert counts == {"stored": 3}


def test_a_domain_of_another_shard(
    environment: dict[str, str],
    sites: Callable[..., Site],
    redis_url: str,
    database_url: str,
    tmp_path: Path,
) -> None:
    """Sources in different shards that fetch from one domain share its pace, and all is stored once."""
    shared = sites(2, {f"/{n}": page(f"Page {n}", f"This is page {n}. {FILLER}") for n in range(6)})
    homes = [
        sites(number, {"/": page("Front", FILLER, tuple(f"{shared.url}/{n}" for n in range(6)))})
        for number in (3, 4, 5)
    ]
    sharded = environment | {"FRONTIER_SHARDS": "3", "CRAWL_DELAY_SECONDS": str(DELAY_SECONDS)}
    with worker(sharded, tmp_path) as first, worker(sharded, tmp_path) as second:
        with redis.Redis.from_url(redis_url) as client:
            seeds: list[Any] = [json.dumps({"url": home.url, "include": "*"}) for home in homes]
            client.lpush(KEY, *seeds)
            shards = {key.split(b":")[1] for key in client.scan_iter("f2:*:running")}
        until(lambda: len(rows(database_url, "select from sources where status = 'completed'")) == 3, first)
        for process in (first, second):
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    assert len(shards) != 1
    assert keeps_the_pace(shared)
    assert shared.paths.count("/robots.txt") == 1
    assert len(shared.paths) == 1 + 3 * 6
    assert rows(database_url, "select count(*), count(distinct url) from pages") == [(21, 9)]
    fewer = environment | {"FRONTIER_SHARDS": "2"}  # nothing is open any more: the number may change
    with worker(fewer, tmp_path) as process, redis.Redis.from_url(redis_url, decode_responses=True) as client:
        until(lambda: idle_workers(client) > 0, process)
