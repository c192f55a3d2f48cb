"""What a DOCX style makes of its text: a heading, a list, contents, hidden (ISO/IEC 29500-1, 17.7)."""

import re
from dataclasses import dataclass

from alonchat_crawl.extract.files.office.ooxml import switched_on
from alonchat_crawl.extract.files.office.xml_parts import Element, attribute, child, children, local

HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
CONTENTS = re.compile(r"toc (?:\d|heading)|table of figures", re.IGNORECASE)
INHERITED_MAX = 20
OUTLINE_LEVELS = 9  # from 0; 9 is body text
WHITE = "FFFFFF"
TINY_HALF_POINTS = 2


@dataclass(frozen=True, slots=True)
class Style:
    """One style, with what it inherits."""

    level: int = 0
    """Of a heading, from 1; 0 for other text."""
    hidden: bool = False
    is_contents: bool = False
    numbering: Element | None = None
    """Its numPr."""


class StyleSheet:
    """A document's styles."""

    def __init__(self, root: Element | None) -> None:
        self._nodes = {attribute(each, "styleId"): each for each in children(root) if local(each) == "style"}
        self._known: dict[str, Style] = {}

    def of(self, identity: str) -> Style:
        """Return a style by its id; an unknown one changes nothing."""
        if identity not in self._known:
            self._known[identity] = self._resolved(identity)
        return self._known[identity]

    def level(self, style: Style, properties: Element | None) -> int:
        """Return a paragraph's heading level: its own, else its style's."""
        own = attribute(child(properties, "outlineLvl"), "val")
        return _level(own) if own else style.level

    def hides(self, run: Element | None, *, style_hidden: bool, shaded: bool) -> bool:
        """Whether a run's properties or styles make it invisible."""
        if run is None:
            return style_hidden
        vanish = switched_on(run, "vanish")
        if vanish is None:
            vanish = style_hidden or self.of(attribute(child(run, "rStyle"), "val")).hidden
        white = attribute(child(run, "color"), "val").upper() == WHITE
        size = attribute(child(run, "sz"), "val")
        tiny = size.isdecimal() and int(size) <= TINY_HALF_POINTS
        on_paper = not shaded and child(run, "shd") is None and child(run, "highlight") is None
        return vanish or tiny or (white and on_paper)

    def _resolved(self, identity: str) -> Style:
        level, hidden, contents, numbering = 0, None, False, None
        for _ in range(INHERITED_MAX):
            node = self._nodes.get(identity)
            if node is None:
                break
            name = attribute(child(node, "name"), "val")
            heading = HEADING.fullmatch(name)
            outline = attribute(child(node, "pPr", "outlineLvl"), "val")
            title = name.lower() == "title"
            level = level or (int(heading.group(1)) if heading else 1 if title else _level(outline))
            contents = contents or bool(CONTENTS.fullmatch(name))
            if hidden is None:
                hidden = switched_on(child(node, "rPr"), "vanish")
            if numbering is None:
                numbering = child(node, "pPr", "numPr")
            identity = attribute(child(node, "basedOn"), "val")
        return Style(level, bool(hidden), contents, numbering)


def _level(outline: str) -> int:
    return int(outline) + 1 if outline.isdecimal() and int(outline) < OUTLINE_LEVELS else 0
