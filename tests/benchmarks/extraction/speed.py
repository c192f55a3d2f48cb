"""Pages a second over a mix of the three data sets, beside trafilatura on the same pages in turns."""

import json
from collections.abc import Iterator
from time import perf_counter

from tests.benchmarks.bench import Bench
from tests.benchmarks.extraction import articles, structure, web
from tests.benchmarks.extraction.data import ARTICLES, WEB, repository
from tests.benchmarks.extraction.extractors import BASELINE, Extractor, baseline, ours
from tests.benchmarks.results import Row

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


def _mix() -> Iterator[tuple[str, str]]:
    for page in web.pages(repository(*WEB), "dev", every=1497 // EACH + 1):
        yield page.html, page.url
    folder = repository(*ARTICLES)
    truth = json.loads((folder / "ground-truth.json").read_text())
    for key in list(truth)[:: len(truth) // EACH]:
        yield articles.html_of(folder, key), truth[key]["url"]
    for name, path in structure.pages(EACH // len(structure.PACKAGES)):
        yield path.read_text(errors="replace"), f"http://example.com/{name}/{path.name}"
