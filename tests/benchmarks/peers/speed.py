"""End to end: from the order to crawl until all pages of a site are stored with their vectors.

The site is PAGES pages of Python's documentation, linked from a front page. The baseline is Crawl4AI (over
HTTP, without its delays), LangChain's recursive splitter (1000/200), its embeddings with the same model by
torch, and its PGVector in the same Postgres; it is told all URLs. Ours is `scrapy crawl website`, a worker
with CRAWL_DELAY_SECONDS=0 that gets a seed and follows the front page's links. Both fetch the same pages on
the same cores, taking turns; both have their model loaded before.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

import psycopg
import redis

from tests.acceptance.conftest import worker
from tests.benchmarks.bench import Bench, until, waits_for_seeds
from tests.benchmarks.documentation import Documentation
from tests.benchmarks.peers import environment
from tests.benchmarks.results import Row
from tests.benchmarks.retrieval.corpus import SMALL_BYTES, read_corpus
from tests.sites.server import Answer, Route, Site

ROUNDS = 3
PAGES = 40
BACKENDS = ("onnx-int8", "torch")
BASELINE = "Crawl4AI → LangChain 1000/200 → PGVector, torch"
SEEDS_KEY = "website:start_urls"


def measure(bench: Bench) -> Iterator[Row]:
    """Yield pages a second by backend, and the bytes of the vectors."""
    pages = PAGES // 5 if bench.quick else PAGES
    ours: dict[str, list[float]] = {backend: [] for backend in BACKENDS}
    theirs: list[float] = []
    windows = chunks = 0
    with _peer(bench) as peer, bench.site(_routes(pages)) as site:
        for number in bench.rounds(ROUNDS):
            bench.say(f"speed: round {number + 1} of {pages} pages: {BASELINE} …")
            told = [f"{site.url}{path}" for path in site.routes if path != "/robots.txt"]
            found = peer.ask(told)
            _check(int(found["pages"]), len(told))
            theirs.append(len(told) / found["seconds"])
            chunks = int(found["chunks"])
            for backend in BACKENDS:
                bench.say(f"speed: round {number + 1}: ours, {backend} …")
                project = f"speed-{backend}-{number}"
                ours[backend].append(len(told) / _crawl(bench, site, project, backend))
                windows = _stored(bench, project, len(told))
    for backend in BACKENDS:
        name = f"{pages} pages and a front page, end to end, {backend}"
        yield Row(name, "pages/s", ours[backend], BASELINE, theirs)
    yield Row("vectors of them", "KiB", [windows * 384 * 2 / 1024], BASELINE, [chunks * 384 * 4 / 1024])


@dataclass(frozen=True, slots=True)
class Peer:
    """The running baseline."""

    process: subprocess.Popen[str]

    def ask(self, urls: list[str]) -> dict[str, float]:
        """Let it crawl and store; return what it answers."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{json.dumps(urls)}\n")
        self.process.stdin.flush()
        return cast("dict[str, float]", json.loads(self.line()))

    def line(self) -> str:
        """Return its next line; raises RuntimeError where it ended."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the peer ended with {self.process.wait()}: see what it says above")
        return line


@contextmanager
def _peer(bench: Bench) -> Iterator[Peer]:
    with psycopg.connect(bench.database_url, autocommit=True) as connection:
        connection.execute("create database peers")
        name = connection.info.dbname
    url = bench.database_url.replace(f"/{name}?", "/peers?", 1)
    module = "tests.benchmarks.peers.crawl_and_store"
    process = subprocess.Popen(
        [str(environment.interpreter()), "-m", module, url],
        cwd=bench.folder,
        env=environment.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        peer = Peer(process)
        while peer.line() != "ready\n":  # Crawl4AI greets on stdout
            pass
        yield peer
    finally:
        process.kill()
        process.communicate()


def _routes(pages: int) -> dict[str, Route]:
    corpus = read_corpus()
    small = [path for path, html in corpus.pages.items() if len(html) <= SMALL_BYTES]
    chosen = sorted(small, key=lambda path: sha256(path.encode()).digest())[:pages]
    links = "".join(f'<li><a href="/{path}">{path}</a></li>' for path in chosen)
    front = (
        f"<!doctype html><html lang=en><title>Front</title><body><main><ul>{links}</ul></main></body></html>"
    )
    routes: dict[str, Route] = {f"/{path}": Answer(corpus.pages[path].encode()) for path in chosen}
    return routes | {
        "/": Answer(front.encode()),
        "/robots.txt": Answer(b"User-agent: *\nAllow: /\n", "text/plain"),
    }


@contextmanager
def _worker(bench: Bench, backend: str) -> Iterator[Any]:
    """Run a worker whose model is loaded; yield the web app's Redis client."""
    variables = bench.environment | {"EMBEDDING_BACKEND": backend}
    with ExitStack() as stack:
        client = stack.enter_context(redis.Redis.from_url(bench.redis_url))
        process = stack.enter_context(worker(variables, bench.folder))
        until(lambda: waits_for_seeds(client), process)
        site = stack.enter_context(bench.site({"/": Documentation(1).page(0)}))
        project = f"warm-{time.monotonic()}"
        client.lpush(SEEDS_KEY, json.dumps({"url": site.url, "project_id": project}))
        until(lambda: bench.completed(site, project), process)
        until(lambda: waits_for_seeds(client), process)
        yield client


def _crawl(bench: Bench, site: Site, project: str, backend: str) -> float:
    with _worker(bench, backend) as client:
        began = time.monotonic()
        # The front page's links and no further: all other pages of the documentation are missing here.
        seed = {"url": site.url, "project_id": project, "max_depth": 1}
        client.lpush(SEEDS_KEY, json.dumps(seed))
        until(lambda: bench.completed(site, project))
        return time.monotonic() - began


def _stored(bench: Bench, project: str, pages: int) -> int:
    """Return how many windows are stored; raises RuntimeError where pages are missing."""
    query = "select count(*) from {} e join projects p on p.id = e.project_id where p.name = %s"
    [(found,)] = bench.rows(query.format("pages"), project)
    _check(found, pages)
    [(windows,)] = bench.rows(query.format("chunk_embeddings"), project)
    return int(windows)


def _check(found: int, wanted: int) -> None:
    if found != wanted:
        raise RuntimeError(f"{found} of {wanted} pages were stored: the figures would not compare")
