"""Workers of one system, ours or stock scrapy-redis, doing the same work under the same delay."""

import subprocess
import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import ClassVar

from tests.benchmarks.bench import Bench, until
from tests.benchmarks.frontier.sites import Sites
from tests.benchmarks.frontier.valkey import Valkey

WARM_UP = 9  # the second byte of the addresses of sites that no scenario knows
_numbers = count(1)


class Crew(ABC):
    """Workers on a Valkey and sites of their own; each is known to the sites by its User-Agent."""

    name: ClassVar[str]

    def __init__(self, bench: Bench, valkey: Valkey, sites: Sites, delay_seconds: float) -> None:
        self.bench = bench
        self.valkey = valkey
        self.sites = sites
        self.delay_seconds = delay_seconds
        self.run = f"run-{next(_numbers)}"
        """Its projects' names begin with it."""
        self.workers: dict[str, subprocess.Popen[bytes]] = {}

    @classmethod
    @contextmanager
    def working(
        cls, bench: Bench, delay_seconds: float, workers: int = 3, lease_seconds: float = 30
    ) -> Iterator["Crew"]:
        """Start workers, warm them up, and wait until they wait for seeds; kill them at the end."""
        with Valkey.running(bench.folder) as valkey, Sites.serving(bench.folder) as sites:
            crew = cls(bench, valkey, sites, delay_seconds)
            try:
                for number in range(workers):
                    crew._start(f"{crew.run}-worker-{number}", lease_seconds)
                until(crew._waits)
                crew._warm_up()
                yield crew
            finally:
                for process in crew.workers.values():
                    process.kill()
                    process.wait()

    def _start(self, agent: str, lease_seconds: float) -> None:
        words, environment = self._program(agent, lease_seconds)
        with (self.bench.folder / f"{agent}.log").open("wb") as log:
            self.workers[agent] = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=self.bench.folder,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def _waits(self) -> bool:
        """Whether all workers wait for seeds; raises RuntimeError where one ended."""
        for agent, process in self.workers.items():
            if process.poll() is not None:
                said = (self.bench.folder / f"{agent}.log").read_text(errors="replace")
                raise RuntimeError(f"a worker ended with {process.returncode}: {said}")
        return self._ready()

    def _warm_up(self) -> None:
        """Have some pages a worker fetched and stored: the first ones load what later ones need not."""
        sites = [self.sites.site(WARM_UP, number, 4) for number in range(4 * len(self.workers))]
        self.seed([site.url for site in sites], "warm-up")
        wanted = {url for site in sites for url in site.stored}
        until(lambda: self._waits() and wanted <= self.stored().keys())
        self.sites.asked.clear()

    def busiest(self) -> str:
        """Return the worker that asked for most among the last hundred requests."""
        return Counter(each.agent for each in self.sites.read()[-100:]).most_common(1)[0][0]

    def kill(self, agent: str) -> None:
        """Kill a worker as a crash would."""
        self.workers[agent].kill()
        self.workers[agent].wait()

    @abstractmethod
    def _program(self, agent: str, lease_seconds: float) -> tuple[list[str], dict[str, str]]:
        """Return a worker's module with arguments, and its environment."""

    @abstractmethod
    def _ready(self) -> bool:
        """Whether all workers wait for seeds."""

    @abstractmethod
    def seed(self, urls: Sequence[str], tenant: str = "") -> None:
        """Push the seeds of sources, at once; links may lead to any host."""

    @abstractmethod
    def stored(self) -> Counter[str]:
        """Return how often each URL is stored."""
