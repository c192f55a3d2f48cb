"""Where a Markdown document's blocks are: what a reader takes in as one, down to a list's items."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pyromark import Options, events_with_range

CONTAINERS = frozenset({"List", "Item", "BlockQuote"})
KINDS: Mapping[str, Literal["text", "heading", "code", "table"]] = {
    "Paragraph": "text",
    "HtmlBlock": "text",
    "Heading": "heading",
    "CodeBlock": "code",
    "Table": "table",
}
OF_TABLE = ({"Start": "TableRow"}, {"End": "Table"})
PLAIN = frozenset({"Paragraph", "HtmlBlock", "CodeBlock"})  # nothing in them is looked at


@dataclass(slots=True)
class Block:
    """A block of the document. Its places are bytes of UTF-8."""

    start: int
    """Of its first line, the marks of lists and quotes included."""
    begins: int
    """Of itself, after those marks."""
    end: int
    """Exclusive; without white space."""
    kind: Literal["text", "heading", "code", "table"]
    within: int
    """Lists, items and quotes that hold both it and the block before."""
    level: int = 0
    """1 to 6 of a heading in no list or quote, else 0."""
    name: str = ""
    """A heading's plain text."""
    info: str | None = None
    """What a fence says of its code, often nothing; None where there is no fence."""
    rows: tuple[int, ...] = ()
    """Where the lines of a table's rows start, its head's not among them."""


def blocks(markdown: str, data: bytes) -> list[Block]:
    """Return the blocks of `markdown`, which is `data` in UTF-8: in order, all its text in one of them.

    Takes time in proportion to the text, however it is nested.
    """
    reader = _Reader(data)
    for event, span in events_with_range(markdown, options=Options.ENABLE_TABLES):
        reader.read(event, span["start"], span["end"])
    return list(_tiled(reader.found, data))


class _Reader:
    """Turns the parser's events into blocks that end where the parser says."""

    def __init__(self, data: bytes) -> None:
        self.found: list[Block] = []
        self._data = data
        self._inside = ""  # the kind of the block that was begun and not ended
        self._in_line = False  # text of an item that has no paragraph
        self._depth = self._shared = 0
        self._rows: list[int] = []
        self._words: list[str] = []

    def read(self, event: Any, start: int, end: int) -> None:
        """Take the parser's next event."""
        if self._inside in PLAIN and not (isinstance(event, dict) and event.get("End") == self._inside):
            return  # most events are such: of what is within a line
        if self._inside == "Table" and event not in OF_TABLE:
            return  # so are those of cells
        what, value = (event, "") if isinstance(event, str) else next(iter(event.items()))
        name = value if isinstance(value, str) else next(iter(value))
        if self._inside:
            self._read_inside(what, name, start)
        elif what == "Rule" or (what == "Start" and name in KINDS):
            self._in_line = False
            self._add(start, end, KINDS.get(name, "text"))
            if what == "Start":
                self._inside = name
                self._describe(name, value[name] if isinstance(value, dict) else None)
        elif what in {"Start", "End"} and name in CONTAINERS:
            self._in_line = False
            self._depth += 1 if what == "Start" else -1
            self._shared = min(self._shared, self._depth)
        elif what != "End" and not self._in_line:
            self._in_line = True
            self._add(start, end, "text")

    def _describe(self, name: str, detail: Any) -> None:
        if name == "Heading" and not self._depth:
            self.found[-1].level = int(detail["level"][1])
        if name == "CodeBlock" and isinstance(detail, dict):
            self.found[-1].info = detail["Fenced"]

    def _read_inside(self, what: str, name: str, start: int) -> None:
        if what == "End" and name == self._inside:
            block = self.found[-1]
            block.rows = tuple(self._rows)
            if name == "Heading":
                block.name = " ".join("".join(self._words).split())
            self._inside, self._rows, self._words = "", [], []
        elif what == "Start" and name == "TableRow":
            self._rows.append(self._line_start(start))
        elif self._inside == "Heading" and what in {"Text", "Code"}:
            self._words.append(name)
        elif what in {"SoftBreak", "HardBreak"}:
            self._words.append(" ")

    def _add(self, start: int, end: int, kind: Literal["text", "heading", "code", "table"]) -> None:
        self.found.append(Block(self._line_start(start), start, end, kind, self._shared))
        self._shared = self._depth

    def _line_start(self, place: int) -> int:
        return self._data.rfind(b"\n", 0, place) + 1


def _tiled(found: list[Block], data: bytes) -> list[Block]:
    """Give each block the text up to the next; what follows code or a table is a block of its own."""
    if not found or data[: found[0].start].strip():
        found.insert(0, Block(0, 0, 0, "text", 0))
    tiled: list[Block] = []
    for place, block in enumerate(found):
        following = found[place + 1] if place + 1 < len(found) else None
        until = following.start if following else len(data)
        if until <= block.start:  # two on one line: a lone carriage return ends a line for the parser only
            if following:
                following.kind, following.level = "text", 0
            continue
        block.end = until if block.kind == "text" else min(block.end, until)
        tiled.append(block)
        if block.kind != "text" and data[block.end : until].strip():
            tiled.append(Block(block.end, block.end, until, "text", following.within if following else 0))
    return [block for block in (_trimmed(block, data) for block in tiled) if block.start < block.end]


def _trimmed(block: Block, data: bytes) -> Block:
    text = data[block.start : block.end]
    block.end = block.start + len(text.rstrip())
    blank = len(text) - len(text.lstrip())
    block.start = max(block.start, data.rfind(b"\n", block.start, block.start + blank) + 1)
    block.begins = max(block.begins, block.start)
    return block
