"""What can be measured of a passage without knowing the language: the numbers that its score is made of."""

import re
from collections import Counter
from dataclasses import dataclass
from math import log1p

import numpy as np
from numpy.typing import NDArray

from alonchat_crawl.extract.passages import Element, Passage, Text

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
NOTHING_AROUND = (0.0,) * 4


@dataclass(slots=True)
class Around:
    """What a block element holds, all in all."""

    words: int = 0
    linked: float = 0
    passages: int = 0
    near: int = 0
    """How many of the blocks around it hold the first <h1> too."""


@dataclass(slots=True)
class Whole:
    """What a passage is compared with."""

    around: dict[int, Around]
    """By the id of the element, the body included."""
    body: Around
    shapes: Counter[str]
    heading: int
    """The number of the passage in the first <h1>; -1 where there is none."""
    heading_depth: int
    title: frozenset[str]


def measure(text: Text, title: str) -> NDArray[np.float32]:
    """Measure each passage of a page whose <title> is `title`: float32[passages, len(MEASURED)]."""
    whole = _whole(text, title)
    seen: set[str] = set()
    done, rows = 0, list[tuple[float, ...]]()
    for number, passage in enumerate(text.passages):
        place = _place(passage, whole, number / len(text.passages), done / whole.body.words, number)
        rows.append((*_own(passage), *place, float(passage.text in seen)))
        seen.add(passage.text)
        done += len(passage.words)
    own = np.array(rows, dtype=np.float32)
    beside = own[:, BESIDE]
    nothing = np.zeros((1, len(BESIDE)), dtype=np.float32)
    return np.hstack([own, np.vstack([nothing, beside[:-1]]), np.vstack([beside[1:], nothing])])


def _own(passage: Passage) -> tuple[float, ...]:
    text, words, count = passage.text, passage.words, len(passage.words)
    length = log1p(count) / 5
    linked = _linked(passage)
    ends = float(text.endswith(SENTENCE_ENDS))
    first = words[:LOWER_WORDS]
    lower = sum(word[0].islower() for word in first) / len(first)
    beginning = text[:500]
    return (
        length,
        float(count < FEW),
        float(count < SOME),
        float(count > MANY),
        float(count > VERY_MANY),
        linked,
        float(linked > LINK),
        float(linked == 0),
        linked * length,
        log1p(sum(element.link for _, element in passage.nodes)) / 3,
        ends,
        ends * length,
        min(1.0, len(SENTENCE.findall(beginning)) / 5),
        min(1.0, text.count(",") / 5),
        lower,
        lower * length,
        len(DIGIT.findall(beginning)) / len(beginning),
        float("©" in text),
        float(SEPARATORS.search(beginning) is not None),
        float("?" in text),
        float(PRICE.search(beginning) is not None),
        float(count < LABEL and YEAR.search(text) is not None),
    )


def _place(
    passage: Passage, whole: Whole, position: float, progress: float, number: int
) -> tuple[float, ...]:
    block, body = passage.block, whole.body
    words = {word.lower() for word in passage.words[:LOWER_WORDS]}
    titled = len(words & whole.title) / len(words) if len(words) > 1 else 0.0
    alike = log1p(whole.shapes[block.shape]) / 4
    found = [
        position,
        position**2,
        progress,
        float(progress < START),
        float(progress > END),
        float(0 <= whole.heading <= number),
        float(whole.heading < 0),
        whole.around[id(block)].near / (whole.heading_depth or 1),
        titled,
        titled * (block.tag in {"h1", "h2"}),
        alike,
        alike * _linked(passage),
        min(1.0, block.depth / 20),
        log1p(body.words) / 9,
        body.linked / body.words,
    ]
    for _ in range(LEVELS):
        if block.parent is None:
            found += NOTHING_AROUND
            continue
        around = whole.around[id(block)]
        found += (
            log1p(around.words) / 8,
            around.linked / around.words,
            around.words / body.words,
            log1p(around.words / around.passages) / 5,
        )
        block = block.parent.block
    return tuple(found)


def _linked(passage: Passage) -> float:
    return min(1.0, passage.linked / len(passage.text))


def _whole(text: Text, title: str) -> Whole:
    """Add up what every block holds, in two passes over the elements: costs grow with the page only."""
    around = {id(element): Around() for element in text.elements if element.block is element}
    for passage in text.passages:
        own = around[id(passage.block)]
        own.words, own.passages = len(passage.words), 1
        own.linked = own.words * _linked(passage)
    for element in reversed(text.elements):
        if element.block is element and element.parent is not None:
            inner, outer = around[id(element)], around[id(element.parent.block)]
            outer.words += inner.words
            outer.linked += inner.linked
            outer.passages += inner.passages
    tags = [passage.block.tag for passage in text.passages]
    heading = tags.index("h1") if "h1" in tags else -1
    head = text.passages[heading].block if heading >= 0 else None
    _near(text, around, head)
    return Whole(
        around=around,
        body=around[id(text.elements[0])],
        shapes=Counter(passage.block.shape for passage in text.passages),
        heading=heading,
        heading_depth=head.depth if head else 0,
        title=frozenset(title.lower().split()),
    )


def _near(text: Text, around: dict[int, Around], head: Element | None) -> None:
    holding: set[int] = set()
    while head is not None and head.parent is not None:
        holding.add(id(head))
        head = head.parent.block
    for element in text.elements:
        if element.block is element and element.parent is not None:
            outer = around[id(element.parent.block)]
            around[id(element)].near = outer.near + (id(element) in holding)
