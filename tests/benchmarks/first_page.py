"""First page: from the start of `scrapy crawl website -a url=…` until `match_chunks` returns a page of it.

The project is installed and its files have been read before. Measured with the servers running, and with
nothing running and an empty data folder, where Postgres' cluster and the schema are made first. The
baseline is a bare process that imports sentence_transformers, loads the model and embeds one text.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import numpy as np
import psycopg

from alonchat_crawl.embedding import DIMENSIONS
from alonchat_crawl.errors import ReasonedError
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.servers import embedded, postgres
from alonchat_crawl.storage.search import search
from tests.acceptance.conftest import worker
from tests.benchmarks.bare_model import BareModel
from tests.benchmarks.bench import Bench, until
from tests.benchmarks.documentation import Documentation
from tests.benchmarks.results import Row

ROUNDS = 5
PAGES = 10
BASELINE = "a bare process embeds one text"


def measure(bench: Bench) -> Iterator[Row]:
    """Yield the seconds with running servers, and from nothing."""
    bare, warm, cold = [], [], []
    for number in bench.rounds(ROUNDS):  # taking turns, so that all have the same of what else goes on
        bench.say(f"first_page: round {number + 1} …")
        bare.append(_bare(bench))
        warm.append(_seconds(bench, bench.folder, bench.database_url, f"first-{number}"))
        with TemporaryDirectory(prefix="bench-cold-") as name:
            folder = Path(name)
            sockets = embedded._sockets_path(folder.resolve()) / "postgres"
            try:
                cold.append(_seconds(bench, folder, postgres.url(sockets), "first"))
            finally:
                embedded.stop(folder)
    yield Row("first page searchable, servers running", "s", warm, BASELINE, bare)
    yield Row("first page searchable, from nothing", "s", cold, BASELINE, bare)


def _bare(bench: Bench) -> float:
    began = time.monotonic()
    with BareModel.running(bench.folder, bench.environment) as bare:
        bare.embed(["How do I reset my password?"])
        return time.monotonic() - began


def _seconds(bench: Bench, folder: Path, database_url: str, project: str) -> float:
    with bench.site(Documentation(PAGES).routes()) as site:
        began = time.monotonic()
        arguments = ("-a", f"url={site.url}", "-a", f"project={project}")
        with worker(bench.environment_of(folder), bench.folder, *arguments) as process:
            until(lambda: _searchable(database_url, as_uuid(project)), process, poll_seconds=0.02)
            seconds = time.monotonic() - began
            process.wait()
    return seconds


def _searchable(database_url: str, project_id: UUID) -> bool:
    try:
        with psycopg.connect(database_url) as connection:
            return bool(search(connection, project_id, np.ones(DIMENSIONS, np.float32), "retry limit", 1))
    except (psycopg.Error, ReasonedError):  # not started, or no schema yet
        return False
