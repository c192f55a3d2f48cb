"""Scanning: files to the verdicts of a real clamd, which knows one signature: what streaming costs.

The baselines: for the speed a blocking client, which does nothing else; for the event loop, how late it is on
this machine without a scan. Alone: `python -m tests.benchmarks scanning`.
"""

import asyncio
import os
import socket
from collections.abc import Iterator
from time import perf_counter

from alonchat_crawl.policies.scan.clamd import PIECE_BYTES, Clamd
from alonchat_crawl.policies.scan.scanner import Scanner
from tests.benchmarks.bench import Bench
from tests.benchmarks.results import Row
from tests.support.clamd import OwnClamd, find_clamd, own_clamd

ROUNDS = 7
SMALL = 200  # files of a round
TICK_SECONDS = 0.001
BLOCKING, IDLE = "a blocking client", "the loop without a scan"


def measure(bench: Bench) -> Iterator[Row]:
    """Yield seconds for small files and for a large one, and how late the loop is meanwhile."""
    if find_clamd() is None:
        bench.say("scanning is skipped: there is no clamd; `make test` fetches one")
        return
    with own_clamd() as clamd:
        clamd.start()
        for size, times in ((10_000, SMALL), (30_000_000, 1)):
            bench.say(f"scanning: files of {size / 1e6:g} MB …")
            body = os.urandom(size)
            ours, theirs, late, idle = [], [], [], []
            for _ in bench.rounds(ROUNDS):
                theirs.append(1000 * _blocking(clamd, body, times) / times)
                seconds, worst = asyncio.run(_ours(clamd, body, times))
                ours.append(1000 * seconds / times)
                late.append(worst)
                idle.append(asyncio.run(_idle(seconds)))
            yield Row(f"one scan of {size / 1e6:g} MB", "ms", ours, BLOCKING, theirs)
            yield Row("the loop's worst delay meanwhile", "ms", late, IDLE, idle)


def _blocking(clamd: OwnClamd, body: bytes, times: int) -> float:
    began = perf_counter()
    for _ in range(times):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(clamd.path))
            connection.sendall(b"zINSTREAM\0")
            for start in range(0, len(body), PIECE_BYTES):
                piece = memoryview(body)[start : start + PIECE_BYTES]
                connection.sendall(len(piece).to_bytes(4, "big"))
                connection.sendall(piece)
            connection.sendall(bytes(4))
            if connection.recv(100) != b"stream: OK\0":
                raise RuntimeError("random bytes are not clean")
    return perf_counter() - began


async def _ours(clamd: OwnClamd, body: bytes, times: int) -> tuple[float, float]:
    """Return seconds, and the worst delay in ms."""
    scanner = Scanner(Clamd(clamd.address, 60.0), at_once=1)
    await scanner.ready()
    watch = asyncio.create_task(_worst_delay())
    await asyncio.sleep(0)
    began = perf_counter()
    for _ in range(times):
        await scanner.scan(body)
    seconds = perf_counter() - began
    watch.cancel()
    return seconds, await watch


async def _idle(seconds: float) -> float:
    watch = asyncio.create_task(_worst_delay())
    await asyncio.sleep(seconds)
    watch.cancel()
    return await watch


async def _worst_delay() -> float:
    """Until cancelled; in ms."""
    worst = 0.0
    try:
        while True:
            began = perf_counter()
            await asyncio.sleep(TICK_SECONDS)
            worst = max(worst, perf_counter() - began - TICK_SECONDS)
    except asyncio.CancelledError:
        return 1000 * worst
