"""The running sites, and what they were asked."""

import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.bench import happens
from tests.benchmarks.frontier.site_server import address, redirects


class Asked(NamedTuple):
    """A request that arrived."""

    at: float
    """Monotonic seconds."""
    host: str
    path: str
    status: int
    agent: str


class Sites:
    """All sites of one run of one system; other runs have others."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.asked: list[Asked] = []
        """What was read of the log so far."""
        self._path = folder / f"sites-{self.port}.log"
        self._path.touch()
        self._log = self._path.open()

    @classmethod
    @contextmanager
    def serving(cls, folder: Path) -> Iterator["Sites"]:
        """Serve in a process of its own."""
        sites = cls(folder)
        program = "tests.benchmarks.frontier.site_server"
        process = subprocess.Popen([sys.executable, "-m", program, str(sites.port), str(sites._path)])
        try:
            if not happens(sites._answers, 30):
                raise RuntimeError("the sites' server did not start")
            yield sites
        finally:
            process.terminate()
            process.wait()
            sites._log.close()
            sites._path.unlink()

    def _answers(self) -> bool:
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0

    def read(self) -> list[Asked]:
        """Return all that was asked until now."""
        while line := self._log.readline():
            at, host, path, status, agent = line.rstrip("\n").split("\t")
            agent = agent.rpartition("/")[2].removesuffix(")")  # the contact of ours ends with it
            self.asked.append(Asked(float(at), host, path, int(status), agent))
        return self.asked

    def site(self, second: int, number: int, pages: int) -> "Site":
        """Return one site: address `number` of 127.<second>.0.0/16, with so many pages."""
        return Site(address(second, number), self.port, pages)

    def fetched(self) -> set[str]:
        """Return the URLs that were asked for."""
        return {f"http://{host}:{self.port}{path}" for _, host, path, _, _ in self.read()}


class Site(NamedTuple):
    """One site, as site_server.py answers for it."""

    host: str
    port: int
    pages: int

    @property
    def url(self) -> str:
        """Its front page."""
        return f"http://{self.host}:{self.port}/site/{self.pages}/"

    @property
    def stored(self) -> set[str]:
        """The URLs that are to be stored: of pages that redirect, those to which they do."""
        paths = (f"{'moved' if redirects(number) else 'p'}/{number}" for number in range(self.pages))
        return {self.url, *(f"{self.url}{path}" for path in paths)}

    @property
    def requests(self) -> int:
        """How many requests it takes: robots.txt, the front page, the pages, and redirects' targets."""
        return 2 + self.pages + sum(map(redirects, range(self.pages)))


def gaps(asked: Iterable[Asked]) -> list[float]:
    """Return the seconds between each request and the one before it to the same site."""
    times: dict[str, list[float]] = defaultdict(list)
    for each in asked:
        times[each.host].append(each.at)
    return [later - earlier for of_site in times.values() for earlier, later in pairwise(sorted(of_site))]


def percent_below(values: Sequence[float], limit: float) -> float:
    """Return how many of a hundred values are below a limit."""
    return 100 * sum(value < limit for value in values) / len(values)


def rate(asked: Sequence[Asked]) -> float:
    """Return the requests a second from the first to the last."""
    return (len(asked) - 1) / (asked[-1].at - asked[0].at)


def free_port() -> int:
    """Return a TCP port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
