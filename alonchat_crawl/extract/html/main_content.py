"""Find a page's own text among its menus, teasers and notices, and leave nothing else in its tree.

Every passage gets a probability by a linear score (see weights.py). How many of the likeliest are kept is
decided for the page as a whole: those that make the expected F1 (the harmonic mean of precision and
recall, in words) the highest. So a page of sentences drops its card teasers, and a page of cards keeps them.
"""

import numpy as np
from numpy.typing import NDArray
from selectolax.lexbor import LexborHTMLParser

from alonchat_crawl.extract.html.measures import MEASURED, measure
from alonchat_crawl.extract.html.passages import CELLS, Element, Passage, Text, read
from alonchat_crawl.extract.html.weights import BIAS, MEASURES, NAMES

NEIGHBOURS = 0.2  # of a passage's score is that of the two beside it
WEIGHTS = np.array([MEASURES.get(name, 0.0) for name in MEASURED], dtype=np.float32)
PRE_LIKELY = 0.97  # preformatted text is never a teaser; the pages that were learnt from have little of it
AROUND = frozenset(["nav", "footer"])
SILENT = frozenset(["br", "hr", "col"])


def keep_main(tree: LexborHTMLParser, title: str) -> float:
    """Remove all but the main text from the body; return the expected F1.

    0.0 where there is no text but menus and footers: then the body is as it was. What shows nothing must
    have been removed from the body before.
    """
    if tree.body is None:
        return 0.0
    text = read(tree.body, NAMES)
    if not text.passages:
        return 0.0
    likely = probabilities(text.passages, measure(text, title))
    kept, expected = choose(text.passages, likely)
    if all(passage.block.areas & AROUND for passage, keep in zip(text.passages, kept, strict=True) if keep):
        return 0.0
    _prune(text, kept)
    return expected


def probabilities(passages: list[Passage], measured: NDArray[np.float32]) -> list[float]:
    """Return for each passage how likely it is part of the main text."""
    scores = measured @ WEIGHTS + np.array(_kinds(passages), dtype=np.float32) + BIAS
    beside = (np.r_[scores[:1], scores[:-1]] + np.r_[scores[1:], scores[-1:]]) / 2
    smooth = np.clip((1 - NEIGHBOURS) * scores + NEIGHBOURS * beside, -30, 30)
    likely: list[float] = (1 / (1 + np.exp(-smooth))).tolist()
    return [
        max(chance, PRE_LIKELY)
        if "pre" in passage.block.areas and not passage.block.areas & AROUND
        else chance
        for passage, chance in zip(passages, likely, strict=True)
    ]


def _kinds(passages: list[Passage]) -> list[float]:
    """Add up for each passage what its element, the areas it stands in and the names around it say."""
    known: dict[tuple[str, frozenset[str], frozenset[str]], float] = {}
    found: list[float] = []
    for block in (passage.block for passage in passages):
        kind = block.tag, block.areas, block.names
        if kind not in known:
            areas = sum(MEASURES.get(f"in {area}", 0.0) for area in block.areas)
            known[kind] = (
                MEASURES.get(f"<{block.tag}>", 0.0) + areas + sum(map(NAMES.__getitem__, block.names))
            )
        found.append(known[kind])
    return found


def choose(passages: list[Passage], likely: list[float]) -> tuple[list[bool], float]:
    """Return which passages to keep so that the expected F1 in words is highest, and that F1."""
    sizes = [len(passage.words) for passage in passages]
    hoped = sum(size * chance for size, chance in zip(sizes, likely, strict=True))
    order = sorted(range(len(passages)), key=likely.__getitem__, reverse=True)
    size, right, best, count = 0, 0.0, 0.0, 0
    for number, index in enumerate(order, 1):
        size += sizes[index]
        right += sizes[index] * likely[index]
        if (expected := 2 * right / (size + hoped)) >= best:
            best, count = expected, number
    kept = [False] * len(passages)
    for index in order[:count]:
        kept[index] = True
    return kept, best


def _prune(text: Text, kept: list[bool]) -> None:
    """Take the text that is not kept out of the tree, with the elements that it leaves empty."""
    for passage, keep in zip(text.passages, kept, strict=True):
        if keep:
            for parent in passage.parents:
                _enliven(parent)
    for passage, keep in zip(text.passages, kept, strict=True):
        if not keep:
            for node, parent in zip(passage.nodes, passage.parents, strict=True):
                if parent.alive:
                    node.decompose()
    for element in text.elements:
        outer = element.parent
        if not element.alive and outer is not None and outer.alive:
            _empty(element)


def _enliven(parent: Element) -> None:
    element: Element | None = parent
    while element is not None and not element.alive:
        element.alive = True
        element = element.parent


def _empty(element: Element) -> None:
    if element.tag in CELLS:  # an empty cell keeps the others in their columns
        for child in list(element.node.iter(include_text=True)):
            child.decompose()
    elif element.tag not in SILENT:
        element.node.decompose()
