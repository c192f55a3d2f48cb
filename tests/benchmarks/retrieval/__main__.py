"""`python -m tests.benchmarks.retrieval`: what is found in Python's documentation, by us and by our peers.

All embed with all-MiniLM-L6-v2, the peers by torch. MRR@10 and hits count pages; intervals are of 95 %.
Choose on `dev`, report `test`. With --windows the table is of window lengths instead, to choose by.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from rich.console import Console

from alonchat_crawl.settings import WINDOW_TOKENS, environment
from tests.benchmarks.retrieval.corpus import Corpus, MissingDataError, read_corpus
from tests.benchmarks.retrieval.ours import measure
from tests.benchmarks.retrieval.peers import RECIPES, found_by
from tests.benchmarks.retrieval.tables import Run, print_comparison, print_scores

BACKENDS = ("auto", "torch", "onnx", "onnx-int8", "static")
WINDOWS = (64, 96, 128, 192, 256)  # the model reads at most 256


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.benchmarks.retrieval", description=__doc__)
    parser.add_argument("--split", choices=("dev", "test"), default="test")
    parser.add_argument("--backend", choices=BACKENDS, default=environment.EMBEDDING_BACKEND, help="ours")
    parser.add_argument("--small", action="store_true", help="only the corpus' small pages")
    parser.add_argument("--windows", action="store_true", help="ours alone, by window length")
    return parser.parse_args()


def main() -> None:
    """Measure, and print."""
    asked, console = _arguments(), Console(width=None if sys.stdout.isatty() else 160)
    try:
        corpus = read_corpus().small if asked.small else read_corpus()
        if asked.windows:
            print_scores(console, corpus, asked.split, list(_by_window(corpus, asked.backend, asked.split)))
            return
        ours = _ours(corpus, asked.backend, WINDOW_TOKENS, asked.split)
        theirs = list(_theirs(corpus))
    except MissingDataError as error:
        sys.exit(str(error))
    print_scores(console, corpus, asked.split, [*theirs, *ours])
    print_comparison(console, corpus, asked.split, ours[0], theirs)


def _ours(corpus: Corpus, backend: str, window_tokens: int, split: str) -> list[Run]:
    stored, found = measure(corpus, backend, window_tokens, split, only_search=False)
    name = f"ours, {backend}, windows of {window_tokens}"
    return [Run(f"{name}: {way}", stored.windows, 2, hits) for way, hits in found.items()]


def _by_window(corpus: Corpus, backend: str, split: str) -> Iterator[Run]:
    for window_tokens in WINDOWS:
        yield from _ours(corpus, backend, window_tokens, split)


def _theirs(corpus: Corpus) -> Iterator[Run]:
    for recipe in RECIPES:
        peer = found_by(recipe, corpus)
        for way, hits in peer.runs.items():
            yield Run(f"{peer.name}: {way}", peer.chunks, 4, hits)


if __name__ == "__main__":
    main()
