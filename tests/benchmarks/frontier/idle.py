"""Idle: what one worker that has nothing to do asks of Redis.

All commands are INFO's total_commands_processed, which counts those inside of scripts too, less our own.
Which of them a client sent is told by MONITOR, which names each command's client and writes `lua` for a
script's. The baseline is an idle scrapy-redis worker.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic

from tests.benchmarks.bench import Bench
from tests.benchmarks.frontier.crew import Crew
from tests.benchmarks.frontier.crews import CREWS
from tests.benchmarks.results import Row
from tests.benchmarks.seed_latency import STOCK

SECONDS = 60
SETTLING_SECONDS = 20  # whatever the warm-up left to do is done
OWN = 2  # of the commands between both INFOs: the first INFO, and MONITOR


def measure(bench: Bench) -> Iterator[Row]:
    """Yield the commands that it sends, and all that are executed for it."""
    found = []
    for kind in CREWS:
        with kind.working(bench, 1.0, workers=1) as crew:
            found.append(_rates(crew, SECONDS / 3 if bench.quick else SECONDS))
        bench.say(f"idle: {kind.name}: {found[-1]}")
    (sent, executed), (stock_sent, stock_executed) = found
    yield Row("commands that an idle worker sends", "a second", [sent], STOCK, [stock_sent])
    yield Row("the same, those inside of scripts too", "a second", [executed], STOCK, [stock_executed])


def _rates(crew: Crew, seconds: float) -> tuple[float, float]:
    time.sleep(SETTLING_SECONDS)
    before = _processed(crew)
    sent = _sent(crew.valkey.port, seconds)
    return sent / seconds, (_processed(crew) - before - OWN) / seconds


def _processed(crew: Crew) -> int:
    return int(crew.valkey.client.info("stats")["total_commands_processed"])


def _sent(port: int, seconds: float) -> int:
    """Count the commands that MONITOR shows, scripts' left out."""
    received = b""
    until = monotonic() + seconds
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"MONITOR\r\n")
        while (left := until - monotonic()) > 0:
            connection.settimeout(left)
            with suppress(TimeoutError):
                received += connection.recv(65536)
    shown = received.split(b"\r\n")[1:-1]  # after +OK
    return sum(b" lua] " not in line for line in shown)
