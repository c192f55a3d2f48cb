"""Page-level scores: a page counts once, by its best rank; right is any of a query's pages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from tests.benchmarks.retrieval.queries import Query

DEPTH = 10  # of the reciprocal rank: what is found below counts nothing
SAMPLES = 2000  # of the bootstrap


@dataclass(frozen=True, slots=True)
class Score:
    """A mean, and the interval that holds it in 95 % of resampled query sets."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} ({self.low:.3f}–{self.high:.3f})"


@dataclass(frozen=True, slots=True)
class Scores:
    """What one system reached on one set of queries."""

    queries: int
    mrr: Score
    hit_1: Score
    hit_5: Score


Hits = Mapping[str, Sequence[str]]
"""Paths of the pages found, the best first, by query; a page may come more than once."""


def reciprocal_ranks(queries: Iterable[Query], hits: Hits) -> list[float]:
    """1/rank of the first right page for each query; 0 where none is found."""
    return [_reciprocal(query, hits.get(query.text, ())) for query in queries]


def _reciprocal(query: Query, found: Sequence[str]) -> float:
    ranked = enumerate(dict.fromkeys(found), 1)
    return next((1 / rank for rank, path in ranked if path in query.pages), 0.0)


def score(queries: Sequence[Query], hits: Hits) -> Scores:
    """Score a system's hits."""
    found = reciprocal_ranks(queries, hits)
    return Scores(
        len(queries),
        interval([each if each >= 1 / DEPTH else 0.0 for each in found]),
        interval([float(each == 1) for each in found]),
        interval([float(each >= 1 / 5) for each in found]),
    )


def interval(values: Sequence[float]) -> Score:
    """Return mean and bootstrap interval, the same for the same values."""
    random = Random(1)  # noqa: S311 - to be the same every time
    size = len(values)
    means = sorted(sum(random.choices(values, k=size)) / size for _ in range(SAMPLES))
    return Score(sum(values) / size, means[int(0.025 * SAMPLES)], means[int(0.975 * SAMPLES)])


def ratio(queries: Sequence[Query], ours: Hits, theirs: Hits) -> Score:
    """Return our MRR by theirs, with the interval of paired resampling."""
    pairs = list(zip(*(_counted(reciprocal_ranks(queries, hits)) for hits in (ours, theirs)), strict=True))
    random = Random(1)  # noqa: S311 - to be the same every time
    ratios = sorted(_quotient(random.choices(pairs, k=len(pairs))) for _ in range(SAMPLES))
    return Score(_quotient(pairs), ratios[int(0.025 * SAMPLES)], ratios[int(0.975 * SAMPLES)])


def _counted(found: Sequence[float]) -> list[float]:
    return [each if each >= 1 / DEPTH else 0.0 for each in found]


def _quotient(pairs: Sequence[tuple[float, float]]) -> float:
    return sum(ours for ours, _ in pairs) / (sum(theirs for _, theirs in pairs) or 1.0)
