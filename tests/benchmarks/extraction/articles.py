"""F1 in four-word shingles by article-extraction-benchmark's own script: 181 news articles."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.bench import Bench
from tests.benchmarks.extraction.data import ARTICLES, evaluator, repository
from tests.benchmarks.extraction.extractors import BASELINE, Extractor, baseline, ours, plain
from tests.benchmarks.results import Row

BOOTSTRAPS = 2  # their spread is not shown; the script needs two


def measure(_bench: Bench) -> Iterator[Row]:
    """Yield F1, precision and recall."""
    folder = repository(*ARTICLES)
    truth = json.loads((folder / "ground-truth.json").read_text())
    found, other = (_evaluated(folder, truth, extractor) for extractor in (ours, baseline))
    for name in ("f1", "precision", "recall"):
        yield Row(
            f"articles ({len(truth)} pages)", f"{name}, %", [100 * found[name]], BASELINE, [100 * other[name]]
        )


def html_of(folder: Path, key: str) -> str:
    """Return one page."""
    with gzip.open(folder / "html" / f"{key}.html.gz", "rt", encoding="utf-8") as file:
        return file.read()


def _evaluated(folder: Path, truth: dict[str, Any], extractor: Extractor) -> dict[str, float]:
    said = {
        key: {"articleBody": plain(extractor(html_of(folder, key), page["url"]))}
        for key, page in truth.items()
    }
    metrics: dict[str, float] = evaluator(folder).evaluate(truth, said, BOOTSTRAPS)
    return metrics
