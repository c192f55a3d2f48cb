"""Parsing in a sandbox beside parsing in the worker's own threads, as it would be without one.

What is timed is what a page goes through before it is embedded: read, extracted, described, chunked, with as
many pages at once as a worker has in flight. The event loop's lag is what sleeps of a millisecond oversleep
meanwhile. The pages are small, which is where the way to another process costs most.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from statistics import quantiles
from time import perf_counter
from typing import NamedTuple
from uuid import uuid4

import psutil

from alonchat_crawl import settings
from alonchat_crawl.extract.chunks.chunking import chunk
from alonchat_crawl.extract.description import Description, describe
from alonchat_crawl.extract.document import Document, extract_document
from alonchat_crawl.extract.read_page import ReadPage, read_page
from alonchat_crawl.extract.site.boilerplate import Boilerplate
from alonchat_crawl.items import Chunk, Page, Provenance
from alonchat_crawl.sandbox.pool import Sandbox, typed
from pipelines.sanitise import described, own_text
from tests.benchmarks.bench import Bench
from tests.benchmarks.documentation import Documentation
from tests.benchmarks.results import Row

PAGES = 600
ROUNDS = 5
TICK_SECONDS = 0.001
URL, HTML, HEADER = "http://docs.example/", "text/html", "text/html; charset=utf-8"
SOURCE = uuid4()
Parse = Callable[[bytes, Boilerplate], Awaitable[int]]


class Round(NamedTuple):
    """What one way of parsing came to."""

    pages_per_second: float
    lag_ms: float
    """The 99th percentile."""


def measure(bench: Bench) -> Iterator[Row]:
    """Yield pages a second and the loop's lag, each beside the threads', then what a process costs."""
    site = Documentation(PAGES // (6 if bench.quick else 1))
    bodies = [site.page(number).body for number in range(site.pages)]
    ours, theirs, starts, megabytes = asyncio.run(_measured(bench, bodies))
    threads = "threads of the worker"
    rates = [[found.pages_per_second for found in rounds] for rounds in (ours, theirs)]
    yield Row(f"parsing in {settings.PARSER_PROCESSES} processes", "pages/s", rates[0], threads, rates[1])
    lags = [[found.lag_ms for found in rounds] for rounds in (ours, theirs)]
    yield Row("the event loop's lag beside it (99th percentile)", "ms", lags[0], threads, lags[1])
    yield Row("a parser's process: start to first page", "s", starts)
    yield Row("its resident memory after a round", "MB", megabytes)


async def _measured(
    bench: Bench, bodies: Sequence[bytes]
) -> tuple[list[Round], list[Round], list[float], list[float]]:
    ours: list[Round] = []
    theirs: list[Round] = []
    starts: list[float] = []
    megabytes: list[float] = []
    await _round(_in_threads, bodies[:50])  # so that no round pays for imports
    for number in bench.rounds(ROUNDS):
        bench.say(f"sandbox: round {number + 1}, {len(bodies)} pages …")
        sandbox = Sandbox(
            settings.PARSER_PROCESSES,
            settings.environment.PARSER_MEMORY_MB,
            settings.environment.PARSER_SECONDS,
        )
        in_sandbox = _In(sandbox)
        began = perf_counter()
        await in_sandbox(bodies[0], Boilerplate())
        starts.append(perf_counter() - began)
        await _round(in_sandbox, bodies[:50])
        ours.append(await _round(in_sandbox, bodies))
        megabytes += [child.memory_info().rss / 1e6 for child in psutil.Process().children()]
        await sandbox.close()
        theirs.append(await _round(_in_threads, bodies))
    return ours, theirs, starts, megabytes


async def _round(parse: Parse, bodies: Sequence[bytes]) -> Round:
    boilerplate, in_flight = Boilerplate(), asyncio.Semaphore(settings.CONCURRENT_REQUESTS)

    async def one(body: bytes) -> None:
        async with in_flight:
            assert await parse(body, boilerplate)

    lags: list[float] = []
    ticking = asyncio.create_task(_ticks(lags))
    began = perf_counter()
    await asyncio.gather(*map(one, bodies))
    seconds = perf_counter() - began
    ticking.cancel()
    return Round(len(bodies) / seconds, quantiles(lags, n=100)[98])


async def _ticks(lags: list[float]) -> None:
    while True:
        began = perf_counter()
        await asyncio.sleep(TICK_SECONDS)
        lags.append((perf_counter() - began - TICK_SECONDS) * 1000)


class _In:
    """Parses in a sandbox, as the spider and the pipelines do."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._run = sandbox.run

    async def __call__(self, body: bytes, boilerplate: Boilerplate) -> int:
        most = settings.MAX_LINKS_PER_PAGE
        read: ReadPage = typed(
            ReadPage,
            await self._run("read_page", body=body, media_type=HTML, header=HEADER, url=URL, max_links=most),
        )
        document = typed(Document, await self._run("extract", media_type=HTML, text=read.text, url=URL))
        page = _page(read)
        markdown, repeated = await asyncio.to_thread(own_text, page, document, boilerplate)
        description = typed(Description, await self._run("describe", markdown=markdown))
        clean = await asyncio.to_thread(described, page, document, markdown, description, repeated)
        chunks = await self._run(
            "chunk",
            markdown=clean.markdown,
            title=clean.title,
            capacity=settings.CHUNK_BYTES[clean.content_type],
            minimum=settings.CHUNK_MIN_BYTES,
        )
        return len(typed(tuple[Chunk, ...], chunks))


async def _in_threads(body: bytes, boilerplate: Boilerplate) -> int:
    read = await asyncio.to_thread(read_page, body, HTML, HEADER, URL, settings.MAX_LINKS_PER_PAGE)
    document = await asyncio.to_thread(extract_document, HTML, read.text, URL)
    page = _page(read)
    markdown, repeated = await asyncio.to_thread(own_text, page, document, boilerplate)
    description = await asyncio.to_thread(describe, markdown)
    clean = await asyncio.to_thread(described, page, document, markdown, description, repeated)
    capacity = settings.CHUNK_BYTES[clean.content_type]
    return len(
        await asyncio.to_thread(chunk, clean.markdown, clean.title, capacity, settings.CHUNK_MIN_BYTES)
    )


def _page(read: ReadPage) -> Page:
    provenance = Provenance(URL, URL, SOURCE, SOURCE, SOURCE, datetime.now(UTC))
    return Page(provenance, HTML, read.text, read.found.links)
