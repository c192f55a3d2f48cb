"""Recrawl: `scrapy crawl website -a url=…` of a documentation site unchanged since the first crawl.

Then of the same with one paragraph of one page changed. Seconds are those of the whole process, start and end
included. What was written is counted in Postgres, by the transactions of the crawl. The site sends no
validators, so every page is fetched whole. The baseline is the first crawl of the same site; each round has a
new project.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.acceptance.conftest import worker
from tests.benchmarks.bench import Bench, until
from tests.benchmarks.documentation import Documentation
from tests.benchmarks.results import Row
from tests.sites.server import Answer, Site

ROUNDS = 3
PAGES = 500
FIRST = "the first crawl"


def measure(bench: Bench) -> Iterator[Row]:
    """Yield seconds and windows."""
    pages = PAGES // 10 if bench.quick else PAGES
    first, again, changed = [], [], []
    for number in bench.rounds(ROUNDS):
        bench.say(f"recrawl: round {number + 1} of {pages} pages …")
        documentation = Documentation(pages)
        with bench.site(documentation.routes()) as site:
            first.append(_crawl(bench, site, f"recrawl-{number}"))
            again.append(_crawl(bench, site, f"recrawl-{number}"))
            site.routes["/1"] = _edited(documentation.page(1))
            changed.append(_crawl(bench, site, f"recrawl-{number}"))
    yield Row(f"{pages} unchanged pages crawled again", "s",
              [run.seconds for run in again], FIRST, [run.seconds for run in first])  # fmt: skip
    yield Row("windows embedded in it", "", [run.windows for run in again], FIRST,
              [run.windows for run in first])  # fmt: skip
    yield Row("chunks embedded after one paragraph changed", "", [run.chunks for run in changed], FIRST,
              [run.chunks for run in first])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """A crawl, and what it wrote."""

    seconds: float
    chunks: int
    windows: int


def _edited(page: Answer) -> Answer:
    """Return the page with a sentence more in its last paragraph."""
    before, paragraph, after = page.body.rpartition(b"</p>")
    return replace(page, body=before + b" This sentence was not here before." + paragraph + after)


def _crawl(bench: Bench, site: Site, project: str) -> Run:
    [(before,)] = bench.rows("select pg_current_xact_id()::text::bigint")
    began = time.monotonic()
    arguments = ("-a", f"url={site.url}", "-a", f"project={project}")
    with worker(bench.environment, bench.folder, *arguments) as process:
        process.wait()
        seconds = time.monotonic() - began
        if process.returncode:
            until(lambda: False, process)
    [(chunks, windows)] = bench.rows(
        "select count(distinct chunk_id), count(*) from chunk_embeddings where xmin::text::bigint > %s",
        before,
    )
    return Run(seconds, chunks, windows)
