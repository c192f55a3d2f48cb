"""F1 in words by web-content-extraction-benchmark's own script: 1,497 pages to tune on, 511 held out."""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from tests.benchmarks.bench import Bench
from tests.benchmarks.extraction.data import WEB, evaluator, repository
from tests.benchmarks.extraction.extractors import BASELINE, baseline, ours, plain
from tests.benchmarks.results import Row

NO_URL = "http://example.com/"
QUICK_EVERY = 20  # with --quick


@dataclass(frozen=True, slots=True)
class WebPage:
    """A page and what a person saw as its text."""

    kind: str
    url: str
    html: str
    text: str


def measure_dev(bench: Bench) -> Iterator[Row]:
    """Yield F1 on the part that the score was trained on."""
    return _measure(bench, "dev")


def measure_test(bench: Bench) -> Iterator[Row]:
    """Yield F1 on the held-out part."""
    return _measure(bench, "test")


def pages(folder: Path, split: str, every: int = 1) -> Iterator[WebPage]:
    """Yield one part's pages."""
    kind_of = evaluator(folder).get_page_type
    for truth in sorted((folder / split / "ground-truth").glob("*.json"))[::every]:
        said = json.loads(truth.read_text())
        packed = folder / split / "html" / f"{truth.stem}.html.gz"
        with gzip.open(packed, "rt", encoding="utf-8", errors="replace") as file:
            html = file.read()
        text = said["ground_truth"].get("main_content") or ""
        yield WebPage(kind_of(said), said.get("url") or NO_URL, html, text)


def _measure(bench: Bench, split: str) -> Iterator[Row]:
    folder = repository(*WEB)
    word_f1 = evaluator(folder).word_f1
    found: defaultdict[str, list[float]] = defaultdict(list)
    other: defaultdict[str, list[float]] = defaultdict(list)
    for page in pages(folder, split, QUICK_EVERY if bench.quick else 1):
        for extractor, by_kind in ((ours, found), (baseline, other)):
            f1 = word_f1(plain(extractor(page.html, page.url)), page.text)[2]
            by_kind["all"].append(f1)
            by_kind[page.kind].append(f1)
    for kind, scores in found.items():
        what = f"web {split}, {kind} ({len(scores)} pages)"
        yield Row(what, "F1, %", [100 * mean(scores)], BASELINE, [100 * mean(other[kind])])
