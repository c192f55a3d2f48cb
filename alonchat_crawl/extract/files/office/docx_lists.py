"""Where a DOCX paragraph stands in its list (ISO/IEC 29500-1, 17.9)."""

from collections import defaultdict
from typing import NamedTuple

from alonchat_crawl.extract.files.office.xml_parts import Element, attribute, child, children, local

UNNUMBERED = frozenset({"bullet", "none", ""})
DEEPEST = 8


class ListPlace(NamedTuple):
    """An item's place."""

    depth: int
    """From 0."""
    number: int | None
    """None for a bullet."""


class ListCounters:
    """Counts the items of a document's lists as they are read."""

    def __init__(self, root: Element | None) -> None:
        nodes = children(root)
        abstract = {attribute(each, "abstractNumId"): each for each in nodes if local(each) == "abstractNum"}
        self._formats: dict[str, dict[int, str]] = {}
        for each in nodes:
            if local(each) == "num":
                levels = abstract.get(attribute(child(each, "abstractNumId"), "val"))
                self._formats[attribute(each, "numId")] = {
                    _number(attribute(level, "ilvl")): attribute(child(level, "numFmt"), "val")
                    for level in children(levels)
                    if local(level) == "lvl"
                }
        self._counts: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (DEEPEST + 1))

    def place(self, own: Element | None, of_style: Element | None) -> ListPlace | None:
        """Count a paragraph and return its place; None if it is in no list."""
        identity = attribute(child(own, "numId"), "val") or attribute(child(of_style, "numId"), "val")
        if identity in {"", "0"}:
            return None
        level = attribute(child(own, "ilvl"), "val") or attribute(child(of_style, "ilvl"), "val")
        depth = _number(level)
        counts = self._counts[identity]
        counts[depth] += 1
        counts[depth + 1 :] = [0] * (DEEPEST - depth)
        if self._formats.get(identity, {}).get(depth, "") in UNNUMBERED:
            return ListPlace(depth, None)
        return ListPlace(depth, counts[depth])


def _number(value: str) -> int:
    return min(int(value), DEEPEST) if value.isdecimal() else 0
