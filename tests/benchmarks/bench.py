"""What every benchmark runs on: servers of its own, sites of its own, and the program beside it."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import redis
from rich.console import Console

from alonchat_crawl.servers import embedded
from alonchat_crawl.storage.migrate import migrate
from tests.acceptance.conftest import idle_workers, loopback_environment, rows, worker
from tests.sites.server import Route, Site

PATIENCE_SECONDS = 1800  # a benchmark that takes longer hangs


@dataclass(frozen=True, slots=True)
class Bench:
    """Running servers and the environment in which the program finds them."""

    folder: Path
    """The servers' data; also where the program is started, so that no `.env` is read."""
    redis_url: str
    database_url: str
    environment: dict[str, str]
    quick: bool
    _hosts: Iterator[int] = field(default_factory=lambda: count(1))
    _console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))

    @classmethod
    @contextmanager
    def running(cls, *, quick: bool) -> Iterator["Bench"]:
        """Start the servers under a temporary folder; stop them whatever happens."""
        with TemporaryDirectory(prefix="bench-") as name:
            folder = Path(name)
            try:
                redis_url, database_url = embedded.redis_url(folder), embedded.database_url(folder)
                migrate(database_url)
                yield cls(folder, redis_url, database_url, cls.environment_of(folder), quick)
            finally:
                embedded.stop(folder)

    @staticmethod
    def environment_of(folder: Path) -> dict[str, str]:
        """Return what the program needs to find, or start, its servers under `folder`."""
        # Little is logged, because nobody reads the pipe and a full one would block the program.
        return loopback_environment(ALONCHAT_DATA_DIR=str(folder), LOG_LEVEL="ERROR")

    def rounds(self, full: int) -> range:
        """Return how often to measure: `full` times, or twice with --quick."""
        return range(2 if self.quick else full)

    def say(self, text: str) -> None:
        """Print to stderr what is going on."""
        self._console.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def site(self, routes: dict[str, Route]) -> Iterator[Site]:
        """Serve a site on an address that no crawl of this run has seen."""
        number = next(self._hosts)
        with Site(routes, f"127.0.{1 + number // 250}.{1 + number % 250}").serving() as site:
            yield site

    @contextmanager
    def idle_worker(self) -> Iterator[tuple[subprocess.Popen[str], Any]]:
        """Run a worker that waits for seeds; yield its process and the web app's Redis client."""
        client = redis.Redis.from_url(self.redis_url)
        with client, worker(self.environment, self.folder) as process:
            until(lambda: waits_for_seeds(client), process)
            yield process, client

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Return what a query answers."""
        return rows(self.database_url, query, *parameters)

    def completed(self, site: Site, project: str) -> bool:
        """Whether a project's crawl of a site has ended."""
        query = (
            "select from sources s join projects p on p.id = s.project_id "
            "where p.name = %s and s.url = %s and s.status = 'completed'"
        )
        return bool(self.rows(query, project, f"{site.url}/"))


def waits_for_seeds(client: Any, workers: int = 1) -> bool:
    """Whether the workers of this Redis have nothing to do."""
    return idle_workers(client) == workers


def happens(done: Callable[[], object], seconds: float, *, poll_seconds: float = 0.1) -> bool:
    """Wait for something that may never become true; return whether it did."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(poll_seconds)
    return True


def until(
    done: Callable[[], object], process: subprocess.Popen[str] | None = None, *, poll_seconds: float = 0.05
) -> None:
    """Wait for something to become true; raises RuntimeError where the process ends before."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if process is not None and process.poll() is not None:
            said = process.stderr.read() if process.stderr else ""
            raise RuntimeError(f"the program ended with {process.returncode}: {said}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"it did not come to pass in {PATIENCE_SECONDS} s")
        time.sleep(poll_seconds)
