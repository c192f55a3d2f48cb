"""Many large files at once: a worker's memory stays within bounds, and nothing is lost or kept waiting."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.acceptance.conftest import idle_workers, rows, until, worker
from tests.benchmarks.bare_model import peak_mib
from tests.sites.ordinary import FILLER
from tests.sites.server import Answer, Site, page
from tests.support.files.office import docx_parts, par, zipped

KEY = "website:start_urls"
FILES = 16
FILE_MB = 24
BUDGET_MB = 60
PARSERS = 2
PAGES = 20
SLACK_MB = 120
"""The embedding of a page, sixteen connections, and what the allocator keeps."""
STORED = """select count(*) from pages p join projects o on o.id = p.project_id
    where o.name like %s and p.gone_at is null"""


@pytest.fixture
def sites() -> Iterator[list[Site]]:
    """As many sites, each with a document full of pictures; every second one does not tell its length."""
    picture = "word/media/a.png"
    parts = docx_parts(par("A document with a large picture."), parts={picture: bytes(FILE_MB << 20)})
    body = zipped(parts, stored=(picture,))
    with ExitStack() as stack:
        found = []
        for number in range(FILES):
            large = Answer(body, "application/octet-stream", chunked=number % 2 == 1)
            site = Site({"/large.docx": large}, f"127.0.0.{number + 2}")
            found.append(stack.enter_context(site.serving()))
        yield found


@pytest.fixture
def small() -> Iterator[Site]:
    """A site of ordinary pages."""
    paths = tuple(f"/{n}" for n in range(PAGES))
    routes = {path: page(f"Page {path}", f"This is page {path}. {FILLER}") for path in paths}
    with Site({"/": page("Front", FILLER, paths), **routes}).serving() as running:
        yield running


def test_sixteen_large_files(
    sites: list[Site],
    small: Site,
    environment: dict[str, str],
    database_url: str,
    redis_url: str,
    tmp_path: Path,
) -> None:
    """All are stored at the end, by their first attempt, and so is a small site; memory is bounded."""
    limits = {"WORKER_BODIES_MB": str(BUDGET_MB), "PARSER_PROCESSES": str(PARSERS), "VIRUS_SCAN": "off"}
    with (
        redis.Redis.from_url(redis_url) as client,
        worker(environment | limits, tmp_path, "-s", "BODIES_AGAIN_SECONDS=2") as process,
    ):
        until(lambda: idle_workers(client) == 1, process)
        _seed(client, f"{small.url}/0", "warm-up", 0)
        until(lambda: rows(database_url, STORED, "warm-up") == [(1,)], process)
        idle_mib = peak_mib(process.pid)
        for number, site in enumerate(sites):
            _seed(client, f"{site.url}/large.docx", f"large-{number % 3}", 0)
        _seed(client, small.url, "small", 1)
        until(lambda: rows(database_url, STORED, "small") == [(PAGES + 1,)], process)
        until(lambda: rows(database_url, STORED, "large-%") == [(FILES,)], process)
        peak = peak_mib(process.pid)
        letters = client.xlen("f2:{0}:dead")
    assert letters == 0
    assert peak < idle_mib + BUDGET_MB + (1 + PARSERS) * FILE_MB + SLACK_MB


def _seed(client: Any, url: str, project: str, depth: int) -> None:
    seed = {"url": url, "project_id": project, "max_depth": depth, "files": True}
    client.lpush(KEY, json.dumps(seed))
