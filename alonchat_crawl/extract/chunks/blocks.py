"""Where a Markdown document's blocks are: what a reader takes in as one, down to a list's items."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from pyromark import Options, events_with_range

Kind = Literal["text", "heading", "code", "table"]
KINDS: Mapping[str, Kind] = {
    "Paragraph": "text",
    "HtmlBlock": "text",
    "Heading": "heading",
    "CodeBlock": "code",
    "Table": "table",
}
CONTAINERS: Mapping[tuple[str, str], int] = {
    (what, name): step
    for name in ("List", "Item", "BlockQuote")
    for what, step in (("Start", 1), ("End", -1))
}
"""How an event changes the depth."""
OF_TABLE = ({"Start": "TableRow"}, {"End": "Table"})
PLAIN = frozenset({"Paragraph", "HtmlBlock", "CodeBlock"})  # the events inside are skipped


@dataclass(slots=True)
class MarkdownBlock:
    """A block of the document. Its places are bytes of UTF-8."""

    start: int
    """Of its first line, with the marks of lists and quotes."""
    begins: int
    """Of its text, after those marks."""
    end: int
    """Exclusive; without white space."""
    kind: Kind
    within: int
    """How many lists, items and quotes hold both it and the block before."""
    level: int = 0
    """1 to 6 of a heading outside of lists and quotes, else 0."""
    name: str = ""
    """A heading's plain text."""
    info: str | None = None
    """A fence's info string, often empty; None if there is no fence."""
    rows: tuple[int, ...] = ()
    """Where the lines of a table's rows start; its head's line is not one of them."""


def blocks(markdown: str, data: bytes) -> list[MarkdownBlock]:
    """Return the blocks of `markdown`, which is `data` in UTF-8: in order, all its text in one of them.

    Takes time in proportion to the text, however it is nested.
    """
    reader = _Reader(data)
    for event, span in events_with_range(markdown, options=Options.ENABLE_TABLES):
        reader.read(event, span["start"], span["end"])
    return list(_tiled(reader.found, data))


class _Event(NamedTuple):
    """An event of the parser."""

    what: str
    """`Start`, `End`, `Text`, `SoftBreak`, …"""
    name: str
    """Of the element that starts or ends, or the text; empty for an event without more."""
    detail: Any
    """What the parser says of the element; None if it says nothing."""


def _unpacked(event: Any) -> _Event:
    """Read pyromark's form: "Rule", {"Text": "words"}, {"Start": "List"}, {"Start": {"Heading": …}}."""
    if isinstance(event, str):
        return _Event(event, "", None)
    what, value = next(iter(event.items()))
    if isinstance(value, str):
        return _Event(what, value, None)
    name = next(iter(value))
    return _Event(what, name, value[name] if isinstance(value, dict) else None)


class _Reader:
    """Turns the parser's events into blocks that end where the parser says."""

    def __init__(self, data: bytes) -> None:
        self.found: list[MarkdownBlock] = []
        self._data = data
        self._open = ""  # the parser's name of the block that has begun and not ended
        self._in_line = False  # in the text of an item without a paragraph
        self._depth = self._shared = 0
        self._rows: list[int] = []
        self._words: list[str] = []

    def read(self, event: Any, start: int, end: int) -> None:
        """Take the parser's next event."""
        if self._is_skipped(event):
            return
        what, name, detail = _unpacked(event)
        if self._open:
            self._read_inside(what, name, start)
        elif what == "Rule" or (what == "Start" and name in KINDS):
            self._begin(name, detail, start, end)
        elif step := CONTAINERS.get((what, name)):
            self._in_line = False
            self._depth += step
            self._shared = min(self._shared, self._depth)
        elif what != "End" and not self._in_line:
            self._in_line = True
            self._add(start, end, "text")

    def _is_skipped(self, event: Any) -> bool:
        """Most events are: those in lines of text, and those in a table's cells."""
        if self._open in PLAIN:
            return not (isinstance(event, dict) and event.get("End") == self._open)
        return self._open == "Table" and event not in OF_TABLE

    def _begin(self, name: str, detail: Any, start: int, end: int) -> None:
        self._in_line = False
        self._open = name
        self._add(start, end, KINDS.get(name, "text"))
        if name == "Heading" and not self._depth:
            self.found[-1].level = int(detail["level"][1])
        if name == "CodeBlock" and isinstance(detail, dict):
            self.found[-1].info = detail["Fenced"]

    def _read_inside(self, what: str, name: str, start: int) -> None:
        if what == "End" and name == self._open:
            block = self.found[-1]
            block.rows = tuple(self._rows)
            if name == "Heading":
                block.name = " ".join("".join(self._words).split())
            self._open, self._rows, self._words = "", [], []
        elif what == "Start" and name == "TableRow":
            self._rows.append(self._line_start(start))
        elif self._open == "Heading" and what in {"Text", "Code"}:
            self._words.append(name)
        elif what in {"SoftBreak", "HardBreak"}:
            self._words.append(" ")

    def _add(self, start: int, end: int, kind: Kind) -> None:
        self.found.append(MarkdownBlock(self._line_start(start), start, end, kind, self._shared))
        self._shared = self._depth

    def _line_start(self, place: int) -> int:
        return self._data.rfind(b"\n", 0, place) + 1


def _tiled(found: list[MarkdownBlock], data: bytes) -> list[MarkdownBlock]:
    """Give each block the text up to the next; text right after code or a table is a block of its own."""
    if not found or data[: found[0].start].strip():
        found.insert(0, MarkdownBlock(0, 0, 0, "text", 0))
    tiled: list[MarkdownBlock] = []
    for place, block in enumerate(found):
        following = found[place + 1] if place + 1 < len(found) else None
        until = following.start if following else len(data)
        if until <= block.start:  # both on one line, which a lone carriage return ends for the parser
            if following:
                following.kind, following.level = "text", 0
            continue
        block.end = until if block.kind == "text" else min(block.end, until)
        tiled.append(block)
        if block.kind != "text" and data[block.end : until].strip():
            within = following.within if following else 0
            tiled.append(MarkdownBlock(block.end, block.end, until, "text", within))
    return [block for block in (_trimmed(block, data) for block in tiled) if block.start < block.end]


def _trimmed(block: MarkdownBlock, data: bytes) -> MarkdownBlock:
    text = data[block.start : block.end]
    block.end = block.start + len(text.rstrip())
    blank = len(text) - len(text.lstrip())
    block.start = max(block.start, data.rfind(b"\n", block.start, block.start + blank) + 1)
    block.begins = max(block.begins, block.start)
    return block
