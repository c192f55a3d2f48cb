"""Recrawl: `scrapy crawl website -a url=…` of a documentation site unchanged since the first crawl.

Seconds are those of the whole process, start and end included. Windows are counted in Postgres, as those
written during the crawl. The baseline is the first crawl of the same site; each round has a new project.
"""

import time
from collections.abc import Iterator

from tests.acceptance.conftest import worker
from tests.benchmarks.bench import Bench, until
from tests.benchmarks.documentation import Documentation
from tests.benchmarks.results import Row
from tests.sites.server import Site

ROUNDS = 3
PAGES = 100
FIRST = "the first crawl"


def measure(bench: Bench) -> Iterator[Row]:
    """Yield seconds and windows."""
    pages = PAGES // 10 if bench.quick else PAGES
    first, again = [], []
    with bench.site(Documentation(pages).routes()) as site:
        for number in bench.rounds(ROUNDS):
            bench.say(f"recrawl: round {number + 1} of {pages} pages …")
            first.append(_crawl(bench, site, f"recrawl-{number}"))
            again.append(_crawl(bench, site, f"recrawl-{number}"))
    name = f"{pages} unchanged pages crawled again"
    yield Row(name, "s", [took for took, _ in again], FIRST, [took for took, _ in first])
    yield Row(
        "windows embedded in it", "", [count for _, count in again], FIRST, [count for _, count in first]
    )


def _crawl(bench: Bench, site: Site, project: str) -> tuple[float, int]:
    """Return seconds, and the windows written."""
    [(before,)] = bench.rows("select pg_current_xact_id()::text::bigint")
    began = time.monotonic()
    arguments = ("-a", f"url={site.url}", "-a", f"project={project}")
    with worker(bench.environment, bench.folder, *arguments) as process:
        process.wait()
        seconds = time.monotonic() - began
        if process.returncode:
            until(lambda: False, process)
    [(written,)] = bench.rows("select count(*) from chunk_embeddings where xmin::text::bigint > %s", before)
    return seconds, written
