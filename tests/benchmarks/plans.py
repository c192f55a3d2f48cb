"""Plans: how many rows the statements read, in a database of up to three million windows.

One tenant, a thousand, and a small one beside a large one; right after loading, when the planner knows
nothing, and when it knows all. Loading three million takes some ten minutes and 4 GB a time. The fast form,
with limits that hold or fail, is tests/integration/test_plans.py.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from alonchat_crawl.storage.queries import QUERIES
from tests.benchmarks.bench import Bench
from tests.benchmarks.results import Row
from tests.support.growth import Reader, Size, load
from tests.support.statements import READS_ALL_OWN, values_of

WINDOWS = (1_000, 20_000, 300_000, 3_000_000)
QUICK_WINDOWS = (1_000, 20_000)
TENANTS = 1_000
SMALL_TENANT_WINDOWS = 10_000
TIMES = 5


def measure(bench: Bench) -> Iterator[Row]:
    """Yield rows read and milliseconds."""
    for windows in QUICK_WINDOWS if bench.quick else WINDOWS:
        sizes = {"one tenant": Size.even(windows, 1), "1,000 tenants": Size.even(windows, TENANTS)}
        if windows > SMALL_TENANT_WINDOWS:
            sizes["10k beside a large one"] = Size.beside(windows, SMALL_TENANT_WINDOWS)
        for name, size in sizes.items():
            bench.say(f"plans: loading {windows:,} windows of {name} …")
            with _database(bench) as url:
                load(url, size)
                yield from figures(url, f"{windows:,} windows, {name}")


@contextmanager
def _database(bench: Bench) -> Iterator[str]:
    """Make an empty, migrated database; drop it."""
    with psycopg.connect(
        bench.database_url.replace("/alonchat?", "/postgres?"), autocommit=True
    ) as connection:
        connection.execute("create database grown template alonchat")
        yield bench.database_url.replace("/alonchat?", "/grown?")
        connection.execute("drop database grown with (force)")


def figures(url: str, what: str) -> Iterator[Row]:
    """Yield what is read of a filled database that was never analysed, and then once it is."""
    yield from _figures(url, f"{what}, new")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
    yield from _figures(url, f"{what}, analysed")


def _figures(url: str, what: str) -> Iterator[Row]:
    few = QUERIES.keys() - READS_ALL_OWN.keys()
    with Reader.of(url) as reader:
        read = {name: reader.reads(QUERIES[name], values_of(name)).total for name in sorted(few)}
        most = max(read, key=lambda name: read[name])
        yield Row(f"{what}: rows of the worst of {len(few)} statements ({most})", "rows", [read[most]])
    for name in ("known_chunks", "match_chunks"):
        with Reader.of(url) as reader:
            rows = [reader.reads(QUERIES[name], values_of(name)).total]
            yield Row(f"{what}: {name}", "rows", rows)
        with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
            yield Row(f"{what}: {name}", "ms", [_milliseconds(connection, name) for _ in range(TIMES)])


def _milliseconds(connection: psycopg.Connection, name: str) -> float:
    began = time.perf_counter()
    connection.execute(QUERIES[name], values_of(name)).fetchall()
    return (time.perf_counter() - began) * 1000
