"""How scores are shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from alonchat_crawl.embedding import DIMENSIONS
from tests.benchmarks.retrieval.corpus import Corpus
from tests.benchmarks.retrieval.queries import Query
from tests.benchmarks.retrieval.scoring import Hits, ratio, score


@dataclass(frozen=True, slots=True)
class Run:
    """One system's hits."""

    name: str
    vectors: int
    number_bytes: int
    """Of a vector's each number, as it is stored: 2 in halfvec, 4 in vector."""
    hits: Hits

    @property
    def mib(self) -> float:
        """MiB of its vectors."""
        return self.vectors * DIMENSIONS * self.number_bytes / 2**20


def of_split(queries: Iterable[Query], split: str) -> list[Query]:
    """Return one half of a set."""
    return [query for query in queries if query.split == split]


def print_scores(console: Console, corpus: Corpus, split: str, runs: Sequence[Run]) -> None:
    """Print a table for each set of queries."""
    for name, queries in corpus.queries.items():
        asked = of_split(queries, split)
        title = f"{name}, {split}: {len(asked)} queries, {len(corpus.pages)} pages; 95 % bootstrap intervals"
        table = Table(title=title, title_justify="left")
        for column in ("system", "MRR@10", "hit@1", "hit@5", "vectors", "MiB"):
            table.add_column(column, justify="left" if column == "system" else "right")
        for run in runs:
            found = score(asked, run.hits)
            figures = map(str, (found.mrr, found.hit_1, found.hit_5))
            table.add_row(run.name, *figures, str(run.vectors), f"{run.mib:.1f}")
        console.print(table)


def print_comparison(console: Console, corpus: Corpus, split: str, ours: Run, theirs: Sequence[Run]) -> None:
    """Print our MRR@10 by each of theirs (queries resampled in pairs), and our bytes of vectors by theirs."""
    table = Table(title=f"{ours.name}, by theirs, {split}", title_justify="left")
    for column in ("theirs", *corpus.queries, "bytes of vectors"):
        table.add_column(column, justify="left" if column == "theirs" else "right")
    for run in theirs:
        ratios = [
            str(ratio(of_split(queries, split), ours.hits, run.hits)) for queries in corpus.queries.values()
        ]
        table.add_row(run.name, *ratios, f"{ours.mib / run.mib:.2f}")
    console.print(table)
