"""What can be measured of a passage in any language: the numbers that its score is made of."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alonchat_crawl.extract.html.passages import BlockElement, PageText, Passage

SENTENCE = re.compile(r"[.!?…。！？][\"”’')]?\s")
SENTENCE_ENDS = tuple('.!?…。！？:;"”’)')
PRICE = re.compile(r"[$€£¥]\s?\d|\d\s?(?:USD|EUR|€)")
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
DIGIT = re.compile(r"\d")
SEPARATORS = re.compile("[|»›•·]")
FEW, SOME, LABEL, MANY, VERY_MANY = 3, 8, 12, 20, 50  # words: steps in which length is told
LINK = 0.95  # of a passage: it is a link
START, END = 0.05, 0.9  # of the page, in words: what is no more its start, and what is its end
BEGINNING_WORDS, BEGINNING_CHARS = 40, 500  # so much shows how a passage is written
LEVELS = 4  # blocks around a passage that are measured, the innermost first
BESIDE = ("length", "linked", "sentence_end")  # what counts of the passages before and after, too
Numbers = NDArray[np.float64]
Columns = Iterator[tuple[str, Numbers | NDArray[np.bool_]]]
"""A measure's name, and its value for each passage."""


class Measured(NamedTuple):
    """What was measured of a page's passages."""

    names: tuple[str, ...]
    """Of the columns: a weight is found by its measure's name."""
    values: NDArray[np.float32]
    """float32[passages, names]."""


def measure(text: PageText, title: str) -> Measured:
    """Measure each passage of a page whose <title> is `title`."""
    columns = dict(_columns(text, title))
    names = [*columns]
    own = np.column_stack([*columns.values()]).astype(np.float32)
    beside = own[:, [names.index(name) for name in BESIDE]]
    nothing = np.zeros((1, len(BESIDE)), dtype=np.float32)
    for side in ("before", "after"):
        names += [f"{side}_{name}" for name in BESIDE]
    before, after = np.vstack([nothing, beside[:-1]]), np.vstack([beside[1:], nothing])
    return Measured(tuple(names), np.hstack([own, before, after]))


def _columns(text: PageText, title: str) -> Columns:
    blocks = np.array([passage.block.number for passage in text.passages])
    counts = np.array([len(passage.words) for passage in text.passages], dtype=np.float64)
    linked = np.array([_linked(passage) for passage in text.passages])
    around, near = _around(text)
    total, total_linked = around[0][0], around[1][0]
    yield from _own(text.passages, counts, linked)
    yield from _place(text, title, counts, linked, near[blocks])
    yield "page_words", np.full(len(counts), np.log1p(total) / 9)
    yield "page_linked", np.full(len(counts), total_linked / total)
    yield from _levels(text, around, blocks)
    yield "repeated", _repeated(text.passages)


def _linked(passage: Passage) -> float:
    return min(1.0, passage.linked / len(passage.text))


def _own(passages: list[Passage], counts: Numbers, linked: Numbers) -> Columns:
    """Yield what each passage is by itself."""
    length = np.log1p(counts) / 5
    yield "length", length
    yield "words<3", counts < FEW
    yield "words<8", counts < SOME
    yield "words>20", counts > MANY
    yield "words>50", counts > VERY_MANY
    yield "linked", linked
    yield "linked>.95", linked > LINK
    yield "unlinked", linked == 0
    yield "linked*length", linked * length
    yield "links", np.log1p([sum(parent.link for parent in passage.parents) for passage in passages]) / 3
    rows = np.array([_characters(passage) for passage in passages], dtype=np.float64)
    told = dict(zip(Characters._fields, rows.T, strict=True))
    yield "sentence_end", told["sentence_end"]
    yield "sentence_end*length", told["sentence_end"] * length
    yield "sentences", np.minimum(1.0, told["sentences"] / 5)
    yield "commas", np.minimum(1.0, told["commas"] / 5)
    yield "lower", told["lower"]
    yield "lower*length", told["lower"] * length
    for name in ("digits", "copyright", "separators", "question", "price", "year"):
        yield name, told[name]


class Characters(NamedTuple):
    """What the characters of a passage tell."""

    sentence_end: bool
    sentences: int
    """Ends of sentences in its beginning."""
    commas: int
    lower: float
    """Share of its first words that begin with a small letter."""
    digits: float
    """Share of its beginning."""
    copyright: bool
    separators: bool
    question: bool
    price: bool
    year: bool
    """Whether it is short and names one."""


def _characters(passage: Passage) -> Characters:
    text = passage.text
    beginning = text[:BEGINNING_CHARS]
    first = passage.words[:BEGINNING_WORDS]
    return Characters(
        sentence_end=text.endswith(SENTENCE_ENDS),
        sentences=len(SENTENCE.findall(beginning)),
        commas=text.count(","),
        lower=sum([word[0].islower() for word in first]) / len(first),
        digits=len(DIGIT.findall(beginning)) / len(beginning),
        copyright="©" in text,
        separators=SEPARATORS.search(beginning) is not None,
        question="?" in text,
        price=PRICE.search(beginning) is not None,
        year=len(passage.words) < LABEL and YEAR.search(text) is not None,
    )


def _place(text: PageText, title: str, counts: Numbers, linked: Numbers, near: Numbers) -> Columns:
    """Yield where on the page each passage stands."""
    tags = [passage.block.tag for passage in text.passages]
    heading = tags.index("h1") if "h1" in tags else -1
    numbers = np.arange(len(counts))
    position = numbers / len(counts)
    progress = (np.cumsum(counts) - counts) / counts.sum()
    yield "position", position
    yield "position^2", position**2
    yield "progress", progress
    yield "first_twentieth", progress < START
    yield "last_tenth", progress > END
    yield "after_h1", (heading >= 0) & (heading <= numbers)
    yield "no_h1", np.full(len(counts), heading < 0)
    yield "near_h1", near / ((text.passages[heading].block.depth if heading >= 0 else 0) or 1)
    titled = _titled(text.passages, frozenset(title.lower().split()))
    yield "titled", titled
    yield "titled_heading", titled * np.array([tag in {"h1", "h2"} for tag in tags])
    shapes = Counter(passage.block.shape for passage in text.passages)
    alike = np.log1p([shapes[passage.block.shape] for passage in text.passages]) / 4
    yield "alike", alike
    yield "alike*linked", alike * linked
    yield "depth", np.minimum(1.0, np.array([passage.block.depth for passage in text.passages]) / 20)


def _titled(passages: list[Passage], title: frozenset[str]) -> Numbers:
    """Return the share of each passage's first words that are in the page's title."""
    shares = np.zeros(len(passages))
    for number, passage in enumerate(passages if title else ()):
        words = set(map(str.lower, passage.words[:BEGINNING_WORDS]))
        if len(words) > 1:
            shares[number] = len(words & title) / len(words)
    return shares


def _repeated(passages: list[Passage]) -> NDArray[np.bool_]:
    """Return whether an earlier passage says the same."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(passage.text, n) < n for n, passage in enumerate(passages)])


def _around(text: PageText) -> tuple[list[list[float]], Numbers]:
    """Return each block's words, linked words and passages, and how many blocks around it hold the <h1>.

    Takes two passes over the blocks: its time is proportional to their number.
    """
    size = len(text.blocks)
    words, linked, passages, near = ([0.0] * size for _ in range(4))
    for passage in text.passages:
        number = passage.block.number
        words[number], passages[number] = len(passage.words), 1
        linked[number] = words[number] * _linked(passage)
    for block in reversed(text.blocks):
        if block.outer is not None:
            inner, outer = block.number, block.outer.number
            words[outer] += words[inner]
            linked[outer] += linked[inner]
            passages[outer] += passages[inner]
    holding: set[int] = set()
    head: BlockElement | None = next((one.block for one in text.passages if one.block.tag == "h1"), None)
    while head is not None and head.outer is not None:
        holding.add(head.number)
        head = head.outer
    for block in text.blocks:
        if block.outer is not None:
            near[block.number] = near[block.outer.number] + (block.number in holding)
    return [words, linked, passages], np.array(near)


def _levels(text: PageText, around: list[list[float]], blocks: NDArray[np.int_]) -> Columns:
    """Yield what the blocks around each passage hold, the innermost first; zeros for the body."""
    outer = np.array([block.outer.number if block.outer else 0 for block in text.blocks])
    words, linked, passages = np.maximum(np.array(around), [[1.0], [0.0], [1.0]])
    held = {
        "words": np.log1p(words) / 8,
        "linked": linked / words,
        "share": words / words[0],
        "passage": np.log1p(words / passages) / 5,
    }
    for values in held.values():
        values[0] = 0.0
    for level in range(LEVELS):
        for name, values in held.items():
            yield f"around{level}_{name}", values[blocks]
        blocks = outer[blocks]
