"""Pages a second over a mix of the three data sets, beside trafilatura on the same pages in turns.

BENCHMARK_BEFORE=<another checkout of this program> compares with that, too: by CPU, chunking included.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import NamedTemporaryFile
from time import perf_counter

from tests.benchmarks.bench import Bench
from tests.benchmarks.extraction import articles, structure, web
from tests.benchmarks.extraction.data import ARTICLES, WEB, repository
from tests.benchmarks.extraction.extractors import BASELINE, Extractor, baseline, ours
from tests.benchmarks.results import Row

ROOT = Path(__file__).parents[3]
ROUNDS = 3
EACH = 60  # pages of each set


def measure(bench: Bench) -> Iterator[Row]:
    """Yield pages a second."""
    mix = list(_mix())
    rates: dict[Extractor, list[float]] = {ours: [], baseline: []}
    for extractor in rates:  # their models and patterns are loaded once
        extractor(*mix[0])
    for _ in bench.rounds(ROUNDS):
        for extractor, values in rates.items():
            began = perf_counter()
            for html, url in mix:
                extractor(html, url)
            values.append(len(mix) / (perf_counter() - began))
    yield Row(f"speed over {len(mix)} pages of all sets", "pages/s", rates[ours], BASELINE, rates[baseline])
    if before := os.environ.get("BENCHMARK_BEFORE"):
        yield from _beside(bench, mix, Path(before).resolve())


def _beside(bench: Bench, mix: Sequence[tuple[str, str]], before: Path) -> Iterator[Row]:
    """Yield pages a second of CPU by this checkout and another, in turns."""
    program = Path(__file__).with_name("speed_process.py").relative_to(ROOT)
    with ExitStack() as stack:
        file = stack.enter_context(NamedTemporaryFile("w", suffix=".json"))
        json.dump(mix, file)
        file.flush()
        rates: dict[Path, list[float]] = {Path.cwd(): [], before: []}
        processes = {
            folder: stack.enter_context(
                subprocess.Popen(
                    [sys.executable, folder / program, file.name],  # its own: modules may have moved
                    cwd=folder,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for folder in rates
        }
        _passes(processes, len(mix), rates)  # what is loaded at first use is not measured
        rates = {folder: [] for folder in rates}
        for _ in bench.rounds(ROUNDS):
            _passes(processes, len(mix), rates)
        for process in processes.values():
            process.communicate()
        values = list(rates.values())
        yield Row(
            "the same, extracted and chunked", "pages/s of CPU", values[0], "BENCHMARK_BEFORE", values[1]
        )


def _passes(
    processes: dict[Path, "subprocess.Popen[str]"], pages: int, rates: dict[Path, list[float]]
) -> None:
    for folder, process in processes.items():
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the process has no pipes")
        process.stdin.write("\n")
        process.stdin.flush()
        rates[folder].append(pages / float(process.stdout.readline()))


def _mix() -> Iterator[tuple[str, str]]:
    for page in web.pages(repository(*WEB), "dev", every=1497 // EACH + 1):
        yield page.html, page.url
    folder = repository(*ARTICLES)
    truth = json.loads((folder / "ground-truth.json").read_text())
    for key in list(truth)[:: len(truth) // EACH]:
        yield articles.html_of(folder, key), truth[key]["url"]
    for name, path in structure.pages(EACH // len(structure.PACKAGES)):
        yield path.read_text(errors="replace"), f"http://example.com/{name}/{path.name}"
