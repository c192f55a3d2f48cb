"""What can be measured of a passage without knowing the language: the numbers that its score is made of."""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from math import log1p

from alonchat_crawl.extract.passages import Element, Passage, Text

SENTENCE = re.compile(r"[.!?…。！？][\"”’')]?\s")
SENTENCE_ENDS = tuple('.!?…。！？:;"”’)')
PRICE = re.compile(r"[$€£¥]\s?\d|\d\s?(?:USD|EUR|€)")
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
DIGIT = re.compile(r"\d")
SEPARATORS = re.compile("[|»›•·]")
LOWER_WORDS = 40  # so many first words show how a passage is written
LEVELS = 4  # blocks around a passage that are measured, the innermost first

Measures = dict[str, float]


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


def measure(text: Text, title: str) -> list[Measures]:
    """Measure each passage of a page whose <title> is `title`."""
    whole = _whole(text, title)
    seen: set[str] = set()
    done, measured = 0, list[Measures]()
    for number, passage in enumerate(text.passages):
        found = _own(passage)
        found |= _place(passage, whole, number / len(text.passages), done / whole.body.words, number)
        found["repeated"] = float(passage.text in seen)
        seen.add(passage.text)
        done += len(passage.words)
        measured.append(found)
    for earlier, later in pairwise(measured):
        for name in ("length", "linked", "sentence_end"):
            later[f"before_{name}"] = earlier[name]
            earlier[f"after_{name}"] = later[name]
    return measured


def _own(passage: Passage) -> Measures:
    text, words, count = passage.text, passage.words, len(passage.words)
    length = log1p(count) / 5
    linked = _linked(passage)
    ends = float(text.endswith(SENTENCE_ENDS))
    first = words[:LOWER_WORDS]
    lower = sum(word[0].islower() for word in first) / len(first)
    beginning = text[:500]
    return {
        "length": length,
        "words<3": float(count < 3),
        "words<8": float(count < 8),
        "words>20": float(count > 20),
        "words>50": float(count > 50),
        "linked": linked,
        "linked>.95": float(linked > 0.95),
        "unlinked": float(linked == 0),
        "linked*length": linked * length,
        "links": log1p(sum(element.link for _, element in passage.nodes)) / 3,
        "sentence_end": ends,
        "sentence_end*length": ends * length,
        "sentences": min(1.0, len(SENTENCE.findall(beginning)) / 5),
        "commas": min(1.0, text.count(",") / 5),
        "lower": lower,
        "lower*length": lower * length,
        "digits": len(DIGIT.findall(beginning)) / len(beginning),
        "copyright": float("©" in text),
        "separators": float(SEPARATORS.search(beginning) is not None),
        "question": float("?" in text),
        "price": float(PRICE.search(beginning) is not None),
        "year": float(count < 12 and YEAR.search(text) is not None),
        f"<{passage.block.tag}>": 1.0,
        **{f"in {area}": 1.0 for area in passage.block.areas},
    }


def _place(passage: Passage, whole: Whole, position: float, progress: float, number: int) -> Measures:
    block, body = passage.block, whole.body
    words = {word.lower() for word in passage.words[:LOWER_WORDS]}
    titled = len(words & whole.title) / len(words) if len(words) > 1 else 0.0
    alike = log1p(whole.shapes[block.shape]) / 4
    found = {
        "position": position,
        "position^2": position**2,
        "progress": progress,
        "first_twentieth": float(progress < 0.05),
        "last_tenth": float(progress > 0.9),
        "after_h1": float(0 <= whole.heading <= number),
        "no_h1": float(whole.heading < 0),
        "near_h1": whole.around[id(block)].near / (whole.heading_depth or 1),
        "titled": titled,
        "titled_heading": titled * (block.tag in {"h1", "h2"}),
        "alike": alike,
        "alike*linked": alike * _linked(passage),
        "depth": min(1.0, block.depth / 20),
        "page_words": log1p(body.words) / 9,
        "page_linked": body.linked / body.words,
    }
    for level in range(LEVELS):
        if block.parent is None:
            break
        around = whole.around[id(block)]
        found[f"around{level}_words"] = log1p(around.words) / 8
        found[f"around{level}_linked"] = around.linked / around.words
        found[f"around{level}_share"] = around.words / body.words
        found[f"around{level}_passage"] = log1p(around.words / around.passages) / 5
        block = block.parent.block
    return found


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
