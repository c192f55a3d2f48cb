"""Footprint: what pending URLs cost Redis in memory, and taking and settling them in time of the server.

For each size an empty Valkey is filled through the frontier's API with sources of 100 tenants, each on a
domain of its own, of 100 URLs each (10 in the smallest filling), and then some of them are taken by 16,
released and settled as stored, with no pace. Bytes are the growth of INFO's used_memory by the number of
URLs, sources and domains included; those of seen URLs alone, what deleting the seen keys frees. Server time
is INFO commandstats' of the scripts, inner commands included. The baseline is scrapy-redis' queue and
dupefilter with at most 100,000 of the same URLs in its own encoding; it pops one by one (MULTI … EXEC) and
settles nothing.
"""

import asyncio
from collections.abc import Iterator
from statistics import mean
from time import perf_counter
from typing import NamedTuple

from redis.asyncio import Redis

from tests.benchmarks.bench import Bench
from tests.benchmarks.frontier import stock_fill
from tests.benchmarks.frontier.fill import SEEN_KEYS, fill, front_page, queue_of, tell, urls, work_off
from tests.benchmarks.frontier.stock_fill import StockFrontier
from tests.benchmarks.frontier.valkey import Valkey
from tests.benchmarks.results import Row

STOCK = "scrapy-redis 0.9.1's pop"
RETOLD = 100  # sources whose links are told once more
SCRIPTS = ("evalsha", "eval", "fcall")
POP = ("multi", "exec")  # EXEC's time includes that of the commands in it


class Size(NamedTuple):
    """A filling, and how many of its URLs are worked off."""

    sources: int
    urls_each: int
    worked_off: int

    @property
    def urls(self) -> int:
        """URLs in it."""
        return self.sources * self.urls_each


class Cost(NamedTuple):
    """What one filling cost."""

    pending_bytes: float
    seen_bytes: float
    microseconds: float
    a_second: float
    a_link: float = 0.0
    """Microseconds of the server for a link that the source has met before."""


SIZES = (Size(100, 10, 480), Size(1000, 100, 4800), Size(10_000, 100, 4800))


def measure(bench: Bench) -> Iterator[Row]:
    """Yield bytes, then microseconds and rates at each size."""
    sizes = SIZES[:2] if bench.quick else SIZES
    ours, stock = [], []
    for size in SIZES[:2]:
        with Valkey.running(bench.folder) as valkey:
            stock.append(_stock(valkey, size))
        bench.say(f"footprint: stock, {size.urls} URLs: {stock[-1]}")
    for size in sizes:
        with Valkey.running(bench.folder) as valkey:
            ours.append(asyncio.run(_ours(valkey, size)))
        bench.say(f"footprint: ours, {size.urls} URLs: {ours[-1]}")
    length = mean(len(url) for url in (front_page(0), *urls(0, 99)))
    most, against = f"{sizes[-1].urls:,}", f"scrapy-redis 0.9.1, {SIZES[1].urls:,} URLs"
    memory = f"bytes a pending URL, of {most} of mean length {length:.0f}"
    yield Row(memory, "bytes", [ours[-1].pending_bytes], against, [stock[-1].pending_bytes])
    yield Row("bytes a seen URL of them", "bytes", [ours[-1].seen_bytes], against, [stock[-1].seen_bytes])
    for size, cost, pop in zip(sizes, ours, (*stock, stock[-1]), strict=False):
        at, beside = f"{size.urls:,} pending", f"{STOCK}, {min(size.urls, SIZES[1].urls):,} pending"
        yield Row(
            f"server time a URL taken and settled, {at}",
            "µs",
            [cost.microseconds],
            beside,
            [pop.microseconds],
        )
        yield Row(
            f"taken and settled by one client, {at}", "a second", [cost.a_second], beside, [pop.a_second]
        )
    yield Row(f"server time a link met before, {most} pending", "µs", [ours[-1].a_link])
    grows = ours[-1].microseconds / ours[0].microseconds
    stocks = stock[-1].microseconds / stock[0].microseconds
    yield Row(f"server time at {most} by that at {sizes[0].urls:,}", "×", [grows], against, [stocks])


async def _ours(valkey: Valkey, size: Size) -> Cost:
    async with Redis.from_url(valkey.url) as redis:
        queue = queue_of(redis)
        before = valkey.used_bytes()
        sources = await fill(queue, size.sources, size.urls_each)
        grown = valkey.used_bytes() - before
        valkey.client.config_resetstat()
        for number, source in enumerate(sources[:RETOLD]):
            await tell(queue, source, urls(number, size.urls_each - 1))
        a_link = valkey.microseconds(*SCRIPTS) / (len(sources[:RETOLD]) * (size.urls_each - 1))
        valkey.client.config_resetstat()
        began = perf_counter()
        done = await work_off(queue, size.worked_off)
        seconds = perf_counter() - began
    spent = valkey.microseconds(*SCRIPTS)
    seen = _freed(valkey, SEEN_KEYS) / size.urls
    return Cost(grown / size.urls, seen, spent / done, done / seconds, a_link)


def _stock(valkey: Valkey, size: Size) -> Cost:
    frontier = StockFrontier(valkey.client)
    before = valkey.used_bytes()
    frontier.fill(size.sources, size.urls_each)
    grown = valkey.used_bytes() - before
    valkey.client.config_resetstat()
    began = perf_counter()
    done = frontier.pop(size.worked_off)
    seconds = perf_counter() - began
    spent = valkey.microseconds(*POP)
    freed = _freed(valkey, stock_fill.SEEN_KEYS)
    return Cost(grown / size.urls, freed / size.urls, spent / done, done / seconds)


def _freed(valkey: Valkey, pattern: str) -> int:
    """Delete the keys of a pattern; return the bytes that this frees."""
    keys = list(valkey.client.scan_iter(pattern, count=1000))
    before = valkey.used_bytes()
    for first in range(0, len(keys), 1000):
        valkey.client.delete(*keys[first : first + 1000])
    return before - valkey.used_bytes()
