"""What can be measured of a passage without knowing the language: the numbers that its score is made of."""

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from alonchat_crawl.extract.html.passages import Block, Passage, Text

SENTENCE = re.compile(r"[.!?…。！？][\"”’')]?\s")
SENTENCE_ENDS = tuple('.!?…。！？:;"”’)')
PRICE = re.compile(r"[$€£¥]\s?\d|\d\s?(?:USD|EUR|€)")
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
DIGIT = re.compile(r"\d")
SEPARATORS = re.compile("[|»›•·]")
FEW, SOME, LABEL, MANY, VERY_MANY = 3, 8, 12, 20, 50  # words: steps in which length is told
LINK = 0.95  # of a passage: it is a link
START, END = 0.05, 0.9  # of the page, in words: what is no more its start, and what is its end
LOWER_WORDS = 40  # so many first words show how a passage is written
Numbers = NDArray[np.float64]
Columns = Iterator[Numbers | NDArray[np.bool_]]
LEVELS = 4  # blocks around a passage that are measured, the innermost first

OWN = (
    "length",
    "words<3",
    "words<8",
    "words>20",
    "words>50",
    "linked",
    "linked>.95",
    "unlinked",
    "linked*length",
    "links",
    "sentence_end",
    "sentence_end*length",
    "sentences",
    "commas",
    "lower",
    "lower*length",
    "digits",
    "copyright",
    "separators",
    "question",
    "price",
    "year",
    "position",
    "position^2",
    "progress",
    "first_twentieth",
    "last_tenth",
    "after_h1",
    "no_h1",
    "near_h1",
    "titled",
    "titled_heading",
    "alike",
    "alike*linked",
    "depth",
    "page_words",
    "page_linked",
    "around0_words",
    "around0_linked",
    "around0_share",
    "around0_passage",
    "around1_words",
    "around1_linked",
    "around1_share",
    "around1_passage",
    "around2_words",
    "around2_linked",
    "around2_share",
    "around2_passage",
    "around3_words",
    "around3_linked",
    "around3_share",
    "around3_passage",
    "repeated",
)
BESIDE = [OWN.index(name) for name in ("length", "linked", "sentence_end")]
MEASURED = (
    *OWN,
    *(f"before_{OWN[number]}" for number in BESIDE),
    *(f"after_{OWN[number]}" for number in BESIDE),
)
"""The columns' names."""


def measure(text: Text, title: str) -> NDArray[np.float32]:
    """Measure each passage of a page whose <title> is `title`: float32[passages, len(MEASURED)]."""
    blocks = np.array([passage.block.number for passage in text.passages])
    counts = np.array([len(passage.words) for passage in text.passages], dtype=np.float64)
    linked = np.array([_linked(passage) for passage in text.passages])
    around, near = _around(text)
    total, total_linked = around[0][0], around[1][0]
    own = np.column_stack(
        [
            *_own(text.passages, counts, linked),
            *_place(text, title, counts, linked, near[blocks]),
            np.full(len(counts), np.log1p(total) / 9),
            np.full(len(counts), total_linked / total),
            *_levels(text, around, blocks),
            _repeated(text.passages),
        ]
    ).astype(np.float32)
    beside = own[:, BESIDE]
    nothing = np.zeros((1, len(BESIDE)), dtype=np.float32)
    return np.hstack([own, np.vstack([nothing, beside[:-1]]), np.vstack([beside[1:], nothing])])


def _linked(passage: Passage) -> float:
    return min(1.0, passage.linked / len(passage.text))


def _own(passages: list[Passage], counts: Numbers, linked: Numbers) -> Columns:
    """Yield what each passage is by itself."""
    length = np.log1p(counts) / 5
    yield length
    yield counts < FEW
    yield counts < SOME
    yield counts > MANY
    yield counts > VERY_MANY
    yield linked
    yield linked > LINK
    yield linked == 0
    yield linked * length
    yield np.log1p([sum(parent.link for parent in passage.parents) for passage in passages]) / 3
    told = np.array([_told(passage) for passage in passages], dtype=np.float64).T
    ends, sentences, commas, lower, *others = told
    yield from (ends, ends * length, np.minimum(1.0, sentences / 5), np.minimum(1.0, commas / 5))
    yield from (lower, lower * length, *others)


def _told(passage: Passage) -> tuple[float, ...]:
    """Return what its characters tell."""
    text = passage.text
    beginning = text[:500]
    first = passage.words[:LOWER_WORDS]
    return (
        text.endswith(SENTENCE_ENDS),
        len(SENTENCE.findall(beginning)),
        text.count(","),
        sum([word[0].islower() for word in first]) / len(first),
        len(DIGIT.findall(beginning)) / len(beginning),
        "©" in text,
        SEPARATORS.search(beginning) is not None,
        "?" in text,
        PRICE.search(beginning) is not None,
        len(passage.words) < LABEL and YEAR.search(text) is not None,
    )


def _place(text: Text, title: str, counts: Numbers, linked: Numbers, near: Numbers) -> Columns:
    """Yield where on the page each passage stands."""
    tags = [passage.block.tag for passage in text.passages]
    heading = tags.index("h1") if "h1" in tags else -1
    numbers = np.arange(len(counts))
    position = numbers / len(counts)
    progress = (np.cumsum(counts) - counts) / counts.sum()
    yield from (position, position**2, progress, progress < START, progress > END)
    yield (heading >= 0) & (heading <= numbers)
    yield np.full(len(counts), heading < 0)
    yield near / ((text.passages[heading].block.depth if heading >= 0 else 0) or 1)
    titled = _titled(text.passages, frozenset(title.lower().split()))
    yield titled
    yield titled * np.array([tag in {"h1", "h2"} for tag in tags])
    shapes = Counter(passage.block.shape for passage in text.passages)
    alike = np.log1p([shapes[passage.block.shape] for passage in text.passages]) / 4
    yield alike
    yield alike * linked
    yield np.minimum(1.0, np.array([passage.block.depth for passage in text.passages]) / 20)


def _titled(passages: list[Passage], title: frozenset[str]) -> Numbers:
    """Return the share of each passage's first words that are in the page's title."""
    shares = np.zeros(len(passages))
    for number, passage in enumerate(passages if title else ()):
        words = set(map(str.lower, passage.words[:LOWER_WORDS]))
        if len(words) > 1:
            shares[number] = len(words & title) / len(words)
    return shares


def _repeated(passages: list[Passage]) -> NDArray[np.bool_]:
    """Return whether an earlier passage says the same."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(passage.text, n) < n for n, passage in enumerate(passages)])


def _around(text: Text) -> tuple[list[list[float]], Numbers]:
    """Add up words, linked words and passages in each block; count the blocks around it that hold the <h1>.

    Two passes over the blocks: costs grow with the page only.
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
    head: Block | None = next((one.block for one in text.passages if one.block.tag == "h1"), None)
    while head is not None and head.outer is not None:
        holding.add(head.number)
        head = head.outer
    for block in text.blocks:
        if block.outer is not None:
            near[block.number] = near[block.outer.number] + (block.number in holding)
    return [words, linked, passages], np.array(near)


def _levels(text: Text, around: list[list[float]], blocks: NDArray[np.int_]) -> Iterator[Numbers]:
    """Yield what the blocks around each passage hold, the innermost first; zeros for the body."""
    outer = np.array([block.outer.number if block.outer else 0 for block in text.blocks])
    words, linked, passages = np.maximum(np.array(around), [[1.0], [0.0], [1.0]])
    held = np.array([np.log1p(words) / 8, linked / words, words / words[0], np.log1p(words / passages) / 5])
    held[:, 0] = 0.0
    for _ in range(LEVELS):
        yield from held[:, blocks]
        blocks = outer[blocks]
