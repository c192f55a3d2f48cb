"""Our side alone, to choose by: `python -m tests.benchmarks.retrieval.ours --help`.

Vectors are kept by their text in the data folder, so that only what is new is embedded. With --only-search
the database of the last run is searched, by `match_chunks` as the migrations now have it. Where a backend
computes other numbers than before, delete `vectors.sqlite` from that folder.
"""

import logging
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping

from rich.console import Console

from alonchat_crawl.settings import WINDOW_TOKENS, environment
from tests.benchmarks.retrieval.corpus import Corpus, MissingDataError, read_corpus
from tests.benchmarks.retrieval.knowledge import WAYS, Knowledge, Stored
from tests.benchmarks.retrieval.migration import reload_search
from tests.benchmarks.retrieval.scoring import Hits
from tests.benchmarks.retrieval.tables import Run, of_split, print_scores


def measure(
    corpus: Corpus,
    backend: str,
    window_tokens: int,
    split: str,
    *,
    only_search: bool,
    ways: tuple[str, ...] = WAYS,
) -> tuple[Stored, Mapping[str, Hits]]:
    """Store the corpus, unless it is to be searched as it was left, and ask it both sets of queries."""
    knowledge = Knowledge(corpus, backend, window_tokens)
    with knowledge.postgres(keep=only_search) as url:
        if only_search:
            reload_search(url)
        else:
            knowledge.store()
        queries = [query for of_set in corpus.queries.values() for query in of_split(of_set, split)]
        return knowledge.stored(url), knowledge.search(url, queries, ways)


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.benchmarks.retrieval.ours", description=__doc__)
    parser.add_argument("--windows", type=int, default=WINDOW_TOKENS, metavar="N", help="tokens of a window")
    parser.add_argument("--backend", default=environment.EMBEDDING_BACKEND)
    parser.add_argument("--split", choices=("dev", "test"), default="dev")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS, metavar="WAY", help=", ".join(WAYS))
    parser.add_argument(
        "--only-search", action="store_true", help="store nothing: ask the last run's database"
    )
    parser.add_argument("--small", action="store_true", help="only the corpus' small pages")
    return parser.parse_args()


def main() -> None:
    """Print the scores of each way to search."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    asked = _arguments()
    try:
        corpus = read_corpus().small if asked.small else read_corpus()
    except MissingDataError as error:
        sys.exit(str(error))
    stored, found = measure(
        corpus,
        asked.backend,
        asked.windows,
        asked.split,
        only_search=asked.only_search,
        ways=tuple(asked.ways),
    )
    runs = [
        Run(f"{asked.backend}, windows of {asked.windows}: {way}", stored.windows, 2, hits)
        for way, hits in found.items()
    ]
    print_scores(Console(width=160), corpus, asked.split, runs)


if __name__ == "__main__":
    main()
