"""`python -m tests.benchmarks.extraction.train`: fit the weights of weights.py anew and print them.

Only the development part of web-content-extraction-benchmark is read. The names whose words count are those
of weights.py. scikit-learn comes with sentence-transformers.
"""

import re
from collections import Counter
from itertools import chain
from textwrap import indent, wrap

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from scipy.sparse import csr_matrix, hstack, vstack  # type: ignore[import-untyped]
from sklearn.feature_extraction import DictVectorizer  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from alonchat_crawl.extract.html.clean_dom import keep_visible
from alonchat_crawl.extract.html.measures import measure
from alonchat_crawl.extract.html.parse import parse
from alonchat_crawl.extract.html.passages import Passage, read_passages
from alonchat_crawl.extract.html.weights import NAMES
from tests.benchmarks.extraction import web
from tests.benchmarks.extraction.data import WEB, repository

WORD = re.compile(r"\w+")
SHINGLE = 4  # words
LINE_CHARS = 106  # of the table, its indentation left out
STRENGTH = 0.02  # of the fit: the inverse of the regularisation
PASSAGE_WEIGHT = 0.3  # in words, so that a short passage counts for something
PAGE_WORDS_MIN = 50  # pages shorter than this do not count for more


def shares(passages: list[Passage], text: str) -> list[float]:
    """Return for each passage the share of its shingles that the reference has; each is found once."""
    wanted = WORD.findall(text.lower())
    left = [
        Counter(zip(*(wanted[start:] for start in range(size)), strict=False)) for size in range(SHINGLE + 1)
    ]
    lines = Counter(tuple(WORD.findall(line.lower())) for line in text.split("\n"))
    found: list[float] = []
    for passage in passages:
        words = WORD.findall(passage.text.lower())
        size = min(SHINGLE, len(words))
        shingles = list(zip(*(words[start:] for start in range(size)), strict=False))
        hits = 0
        for shingle in shingles:
            hits += left[size][shingle] > 0
            left[size][shingle] -= 1
        share = hits / len(shingles) if shingles else 0.0
        if share and size < SHINGLE:  # a menu's word may be in the text too: whole lines are surer
            whole = tuple(words)
            share = 1.0 if lines[whole] > 0 else 0.5 if size > 1 else 0.2
            lines[whole] -= 1
        found.append(share)
    return found


def main() -> None:
    """Fit and print."""
    names: tuple[str, ...] = ()
    rows: list[NDArray[np.float32]] = []
    kinds: list[dict[str, float]] = []
    truth, weights = list[float](), list[float]()
    for page in web.pages(repository(*WEB), "dev"):
        tree = parse(page.html.replace("\0", ""))
        keep_visible(tree)
        text = read_passages(tree.body, NAMES) if tree.body else None
        if text is None or not text.passages:
            continue
        title = tree.css_first("head > title")
        names, values = measure(text, title.text() if title else "")
        rows.append(values)
        words = sum(len(passage.words) for passage in text.passages)
        size = max(PAGE_WORDS_MIN, min(words, 3 * len(WORD.findall(page.text)) + PAGE_WORDS_MIN))
        truth += shares(text.passages, page.text)
        for passage in text.passages:
            areas = (f"in {area}" for area in passage.block.areas)
            kinds.append(dict.fromkeys(chain([f"<{passage.block.tag}>"], areas, passage.block.names), 1.0))
            weights.append((len(passage.words) + PASSAGE_WEIGHT) / size)
    vectors = DictVectorizer(dtype=np.float32)
    told = hstack([csr_matrix(np.vstack(rows)), vectors.fit_transform(kinds)]).tocsr()
    share, weight = np.array(truth), np.array(weights) / np.mean(weights)
    model = LogisticRegression(C=STRENGTH, max_iter=100)
    both = np.r_[np.ones(len(share)), np.zeros(len(share))]
    model.fit(vstack([told, told]), both, sample_weight=np.r_[weight * share, weight * (1 - share)])
    measures = dict(zip(names, model.coef_[0], strict=False))  # some share their names with words
    told_by = dict(zip(vectors.get_feature_names_out(), model.coef_[0][len(names) :], strict=True))
    around = {name: told_by.pop(name) for name in NAMES if name in told_by}
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"BIAS = {model.intercept_[0]:.2f}")
    console.print("MEASURES:", table(measures | told_by), "NAMES:", table(around), sep="\n")


def table(weights: dict[str, float]) -> str:
    """Return the entries of a dictionary's source, as many a line as fit."""
    entries = [f'"{name}": {value:.2f},'.replace(" ", "\0") for name, value in sorted(weights.items())]
    lines = wrap(" ".join(entries), LINE_CHARS, break_long_words=False, break_on_hyphens=False)
    return indent("\n".join(lines), "    ").replace("\0", " ")


if __name__ == "__main__":
    main()
