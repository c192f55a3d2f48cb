"""Find a page's own text among its menus, teasers and notices, and leave nothing else in its tree.

Every passage gets a probability by a linear score (see weights.py). How many of the likeliest are kept is
decided for the page as a whole: those that make the expected F1 (the harmonic mean of precision and
recall, in words) the highest. So a page of sentences drops its card teasers, and a page of cards keeps them.
"""

from math import exp

from selectolax.lexbor import LexborHTMLParser

from alonchat_crawl.extract.measures import Measures, measure
from alonchat_crawl.extract.passages import CELLS, Passage, Text, read
from alonchat_crawl.extract.weights import BIAS, MEASURES, NAMES

NEIGHBOURS = 0.2  # of a passage's score is that of the two beside it
AROUND = frozenset(["nav", "footer"])
SILENT = frozenset(["br", "hr", "col"])


def keep_main(tree: LexborHTMLParser, title: str) -> float:
    """Remove all but the main text from the body; return the expected F1.

    0.0 where there is no text but menus and footers: then the body is as it was. The body's nodes that show nothing must have been removed before.
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


def probabilities(passages: list[Passage], measured: list[Measures]) -> list[float]:
    """Return for each passage how likely it is part of the main text."""
    scores = [
        BIAS
        + sum(MEASURES.get(name, 0.0) * value for name, value in measures.items())
        + sum(map(NAMES.__getitem__, passage.names))
        for passage, measures in zip(passages, measured, strict=True)
    ]
    last = len(scores) - 1
    beside = ((scores[max(0, i - 1)] + scores[min(last, i + 1)]) / 2 for i in range(len(scores)))
    smooth = ((1 - NEIGHBOURS) * own + NEIGHBOURS * other for own, other in zip(scores, beside, strict=True))
    return [1 / (1 + exp(-max(-30.0, min(30.0, score)))) for score in smooth]


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
            for _, parent in passage.nodes:
                element = parent
                while element is not None and not element.alive:
                    element.alive = True
                    element = element.parent
    for passage, keep in zip(text.passages, kept, strict=True):
        if not keep:
            for node, parent in passage.nodes:
                if parent.alive:
                    node.decompose()
    for element in text.elements:
        outer = element.parent
        if element.alive or outer is None or not outer.alive or element.tag in SILENT:
            continue
        if element.tag in CELLS:  # an empty cell keeps the others in their columns
            for child in list(element.node.iter(include_text=True)):
                child.decompose()
        else:
            element.node.decompose()
