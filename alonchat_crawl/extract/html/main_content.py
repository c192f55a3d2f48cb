"""Find a page's own text among its menus, teasers and notices, and leave nothing else in its tree.

A linear score (weights.py) gives each passage a probability. Those passages are kept that together make the
expected F1 (the harmonic mean of precision and recall, in words) the highest for the page as a whole. So a
page of sentences drops its teasers, and a page of teasers keeps them.
"""

import numpy as np
from selectolax.lexbor import LexborHTMLParser

from alonchat_crawl.extract.html.measures import Measured, measure
from alonchat_crawl.extract.html.passages import CELLS, Element, PageText, Passage, read_passages
from alonchat_crawl.extract.html.weights import BIAS, MEASURES, NAMES

NEIGHBOURS = 0.2  # a passage's score is made of that of its two neighbours by this share
PRE_LIKELY = 0.97  # at least, of preformatted text: it is never a teaser, and the training pages have little
AROUND = frozenset(["nav", "footer"])
EMPTY_BY_NATURE = frozenset(["br", "hr", "col"])


def keep_main(tree: LexborHTMLParser, title: str) -> float:
    """Remove all but the main text from the body; return the expected F1.

    If there is no text but menus and footers, the body stays as it is, and 0.0 is returned. Remove what
    readers do not see first.
    """
    if tree.body is None:
        return 0.0
    text = read_passages(tree.body, NAMES)
    if not text.passages:
        return 0.0
    likely = probabilities(text.passages, measure(text, title))
    kept, expected = choose(text.passages, likely)
    if all(passage.block.areas & AROUND for passage, keep in zip(text.passages, kept, strict=True) if keep):
        return 0.0
    _prune(text, kept)
    return expected


def probabilities(passages: list[Passage], measured: Measured) -> list[float]:
    """Return the probability of each passage to be part of the main text."""
    weights = np.array([MEASURES.get(name, 0.0) for name in measured.names], dtype=np.float32)
    scores = measured.values @ weights + np.array(_of_element(passages), dtype=np.float32) + BIAS
    beside = (np.r_[scores[:1], scores[:-1]] + np.r_[scores[1:], scores[-1:]]) / 2
    smooth = np.clip((1 - NEIGHBOURS) * scores + NEIGHBOURS * beside, -30, 30)
    likely: list[float] = (1 / (1 + np.exp(-smooth))).tolist()
    return [
        max(chance, PRE_LIKELY)
        if "pre" in passage.block.areas and not passage.block.areas & AROUND
        else chance
        for passage, chance in zip(passages, likely, strict=True)
    ]


def _of_element(passages: list[Passage]) -> list[float]:
    """Return the part of each passage's score that its element, the areas and the names around it give."""
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


def _prune(text: PageText, kept: list[bool]) -> None:
    """Remove the text that is not kept, and the elements that are empty then."""
    for passage, keep in zip(text.passages, kept, strict=True):
        if keep:
            for parent in passage.parents:
                _keep_alive(parent)
    for passage, keep in zip(text.passages, kept, strict=True):
        if not keep:
            for node, parent in zip(passage.nodes, passage.parents, strict=True):
                if parent.alive:
                    node.decompose()
    for element in text.elements:
        outer = element.parent
        if not element.alive and outer is not None and outer.alive:
            _empty(element)


def _keep_alive(parent: Element) -> None:
    element: Element | None = parent
    while element is not None and not element.alive:
        element.alive = True
        element = element.parent


def _empty(element: Element) -> None:
    if element.tag in CELLS:  # the cell itself stays: the others keep their columns
        for child in list(element.node.iter(include_text=True)):
            child.decompose()
    elif element.tag not in EMPTY_BY_NATURE:
        element.node.decompose()
