"""CPU a page: what a crawl costs the worker, its parsers, Postgres and Redis, all but the model.

Each round crawls HOSTS sites of PAGES pages of 4 KB with LINKS links each, without delay, by one worker whose
embedding is a constant; processes' times are read before and after. The baseline is Scrapy alone with its
LinkExtractor, which follows the same links and stores nothing. BENCHMARK_BEFORE=<another checkout of this
repository> crawls the same sites by that one, too, in turns with this one, each with servers of its own.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import psycopg
import redis

from alonchat_crawl.servers import embedded
from tests.acceptance.conftest import ROOT, worker
from tests.benchmarks.bench import Bench, until, waits_for_seeds
from tests.benchmarks.documentation import Documentation
from tests.benchmarks.results import Row
from tests.sites.server import Route

ROUNDS = 5
HOSTS = 10
PAGES = 101
LINKS = 20
PLAIN = "Scrapy with LinkExtractor alone"
BEFORE = "the checkout of BENCHMARK_BEFORE"
PARTS = ("worker", "parsers", "Postgres", "Redis")
WAITING = """
    select count(*) from sources s join projects p on p.id = s.project_id
    where p.name = %s and s.status <> 'completed'
"""
STORED = "select count(*) from pages c join projects p on p.id = c.project_id where p.name = %s"


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one crawl."""

    cpu_ms: Mapping[str, float]
    """By the part, a page."""
    pages_a_second: float

    @property
    def all_ms(self) -> float:
        """Of all processes, a page."""
        return sum(self.cpu_ms.values())


def measure(bench: Bench) -> Iterator[Row]:
    """Yield CPU milliseconds a page, by the part and of all, and pages a second."""
    pages = PAGES // 5 if bench.quick else PAGES
    with ExitStack() as stack:
        crawls = {"ours": stack.enter_context(Crawler.running(bench, "ours", ROOT))}
        if other := os.environ.get("BENCHMARK_BEFORE"):
            crawls[BEFORE] = stack.enter_context(Crawler.running(bench, "before", Path(other).resolve()))
        found: dict[str, list[Cost]] = {name: [] for name in (*crawls, PLAIN)}
        for number in bench.rounds(ROUNDS):
            ways = {name: partial(crawler.crawl, f"cpu-{number}") for name, crawler in crawls.items()}
            ways[PLAIN] = partial(_plain, bench)
            for name in list(ways) if number % 2 else reversed(ways):  # so that drift hits all alike
                with _sites(bench, pages) as urls:
                    found[name].append(ways[name](urls, pages))
                bench.say(f"crawl_cpu: round {number + 1}, {name}: {found[name][-1]}")
    yield from _rows(found)


def _rows(found: Mapping[str, Sequence[Cost]]) -> Iterator[Row]:
    ours, before, plain = found["ours"], found.get(BEFORE, ()), found[PLAIN]
    name = BEFORE if before else ""
    for part in PARTS:
        values, others = ([cost.cpu_ms[part] for cost in costs] for costs in (ours, before))
        yield Row(f"CPU a page: {part}", "ms", values, name, others)
    for baseline, costs in ((name, before), (PLAIN, plain)):
        if costs:
            all_ms = [cost.all_ms for cost in ours], [cost.all_ms for cost in costs]
            rates = [cost.pages_a_second for cost in ours], [cost.pages_a_second for cost in costs]
            yield Row("CPU a page: all of them", "ms", all_ms[0], baseline, all_ms[1])
            yield Row("crawled and stored", "pages/s", rates[0], baseline, rates[1])


@contextmanager
def _sites(bench: Bench, pages: int) -> Iterator[list[str]]:
    """Serve HOSTS sites that no crawl has seen; yield their front pages."""
    with ExitStack() as stack:
        tables = [_routes(Documentation(pages, f"host {host}")) for host in range(HOSTS)]
        yield [f"{stack.enter_context(bench.site(table)).url}/" for table in tables]


def _routes(documentation: Documentation) -> dict[str, Route]:
    pages = documentation.pages
    routes: dict[str, Route] = {}
    for number in range(pages):
        page = documentation.page(number)
        others = ((number + step) % pages for step in range(1, LINKS + 1))
        links = "".join(f'<a href="/{other or ""}">Page {other}</a> ' for other in others)
        routes[f"/{number or ''}"] = replace(page, body=page.body.replace(b"<nav>", f"<nav>{links}".encode()))
    return routes


@dataclass(frozen=True, slots=True)
class Crawler:
    """A worker of one checkout, with servers of its own."""

    worker: psutil.Process
    servers: Mapping[str, psutil.Process]
    redis: Any
    database: psycopg.Connection
    """One for all looks: each new one would cost Postgres a process."""

    @classmethod
    @contextmanager
    def running(cls, bench: Bench, name: str, root: Path) -> Iterator["Crawler"]:
        """Start them; crawl some pages, so that all is loaded; stop them at the end."""
        folder = bench.folder / name
        folder.mkdir()
        environment = Bench.environment_of(folder) | {
            "PYTHONPATH": str(root),
            "SCRAPY_SETTINGS_MODULE": "tests.benchmarks.frontier.worker_settings",
        }
        try:
            client = redis.Redis.from_url(embedded.redis_url(folder))
            database = psycopg.connect(embedded.database_url(folder), autocommit=True)
            with client, database, worker(environment, folder) as process:
                until(lambda: waits_for_seeds(client), process)
                servers = {"Postgres": _server(folder / "postgres"), "Redis": _server(folder / "valkey")}
                crawler = cls(psutil.Process(process.pid), servers, client, database)
                with _sites(bench, 4) as urls:
                    crawler.crawl("warm-up", urls, 4)
                yield crawler
        finally:
            embedded.stop(folder)

    def crawl(self, project: str, urls: Sequence[str], pages: int) -> Cost:
        """Crawl sites of so many pages to their end. Raises RuntimeError where pages are missing."""
        until(lambda: waits_for_seeds(self.redis))
        before, began = self._cpu(), time.monotonic()
        seeds = [json.dumps({"url": url, "project_id": project}) for url in urls]
        self.redis.lpush("website:start_urls", *seeds)
        wanted = len(urls) * pages
        until(lambda: self._count(STORED, project) >= wanted, poll_seconds=0.5)
        until(lambda: not self._count(WAITING, project), poll_seconds=0.5)
        seconds = time.monotonic() - began
        if (stored := self._count(STORED, project)) != wanted:
            raise RuntimeError(f"{stored} of {wanted} pages were stored: the figures would not compare")
        cpu_ms = {part: (now - before[part]) * 1000 / wanted for part, now in self._cpu().items()}
        return Cost(cpu_ms, wanted / seconds)

    def _count(self, query: str, project: str) -> int:
        found = self.database.execute(query, [project]).fetchone()
        return int(found[0]) if found else 0

    def _cpu(self) -> dict[str, float]:
        """Seconds of each part until now."""
        own = self.worker.cpu_times()
        alone = own.user + own.system
        parts = {"worker": alone, "parsers": _with_children(self.worker) - alone}
        return parts | {name: _with_children(server) for name, server in self.servers.items()}


def _server(home: Path) -> psutil.Process:
    """Return the process that a server began as; it works in the folder of its data."""
    found = {one.pid: one for one in psutil.process_iter() if _works_in(one, home)}
    return next(one for one in found.values() if one.ppid() not in found)


def _works_in(process: psutil.Process, home: Path) -> bool:
    try:
        return Path(process.cwd()) == home
    except (psutil.Error, OSError):  # it ended meanwhile, or is not ours to look at
        return False


def _with_children(process: psutil.Process) -> float:
    """Seconds of a process and of all that it started, ended ones included."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return float(sum(sum(each[:4]) for each in times))


def _plain(bench: Bench, urls: Sequence[str], pages: int) -> Cost:
    """Let Scrapy alone follow the links."""
    command = [sys.executable, "-m", "tests.benchmarks.plain_scrapy", *urls]
    # Not the project's settings.
    environment = bench.environment | {"SCRAPY_SETTINGS_MODULE": "scrapy.settings.default_settings"}
    done = subprocess.run(
        command, cwd=bench.folder, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    told = json.loads(done.stdout)
    wanted = len(urls) * (pages + 1)  # a start URL passes its filter, so that it is fetched again by a link
    if told["pages"] != wanted:
        raise RuntimeError(f"Scrapy alone fetched {told['pages']} pages of {wanted}")
    return Cost({PLAIN: told["cpu_seconds"] * 1000 / told["pages"]}, told["pages"] / told["seconds"])
