"""Whole runs of the real program: `scrapy …` as a subprocess, against real servers and a real site."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

ROOT = Path(__file__).parents[2]
Scrapy = Callable[..., subprocess.CompletedProcess[str]]


def loopback_environment(**variables: str) -> dict[str, str]:
    """What the program is run with: loopback allowed, no delay, no servers but those in `variables`."""
    return {
        **os.environ,
        "REDIS_URL": "",
        "DATABASE_URL": "",
        "SENTRY_DSN": "",
        "SSRF_ALLOWED_NETWORKS": "127.0.0.0/8",
        "CRAWL_DELAY_SECONDS": "0",
        "PYTHONPATH": str(ROOT),
        "SCRAPY_SETTINGS_MODULE": "alonchat_crawl.settings",
        **variables,
    }


@pytest.fixture
def environment(redis_url: str, database_url: str, tmp_path: Path) -> dict[str, str]:
    """The program's environment with the test's own servers."""
    return loopback_environment(
        REDIS_URL=redis_url, DATABASE_URL=database_url, ALONCHAT_DATA_DIR=str(tmp_path / "unused")
    )


@pytest.fixture
def scrapy(environment: dict[str, str], tmp_path: Path) -> Scrapy:
    """Run a scrapy command to its end."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: PLW1510 - the tests look at the exit code
            [sys.executable, "-m", "scrapy", *arguments],
            cwd=tmp_path,
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=240,
        )

    return run


@contextmanager
def worker(
    environment: Mapping[str, str], folder: Path, *arguments: str, spider: str = "website"
) -> Iterator[subprocess.Popen[str]]:
    """A worker that runs beside the test; killed at the end if it still does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "scrapy", "crawl", spider, *arguments],
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until(done: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    """Wait for something to become true; a bound, not a measurement."""
    for _ in range(1800):
        if done():
            return
        assert process is None or process.poll() is None, process.stderr.read()  # type: ignore[union-attr]
        time.sleep(0.05)
    raise AssertionError("it did not come to pass")


def idle_workers(client: Any) -> int:
    """How many workers of one shard wait for work in this moment, one of them for seeds."""
    commands = [one["cmd"] for one in client.client_list()]
    return commands.count("blpop") if "blmove" in commands else 0


def rows(database_url: str, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """What a query answers."""
    with psycopg.connect(database_url) as connection:
        return connection.execute(query, parameters).fetchall()
