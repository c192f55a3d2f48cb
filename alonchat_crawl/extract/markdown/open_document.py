"""A Markdown document while its parser's events are read: what is open, and which bytes are read."""

from typing import Any, NamedTuple

from alonchat_crawl.extract.markdown.blocks import BlockKind, OpenBlock, WrittenBlock
from alonchat_crawl.extract.markdown.inline import InlineText, LineBreak

DEEPEST = 12  # lists and quotes within each other; what is deeper stands at this depth
BETWEEN = b" \t\r\n\v\f>"  # what stands between blocks without being text


class Event(NamedTuple):
    """An element of Markdown that begins or ends."""

    start: int
    """Its first byte."""
    end: int
    """The byte after its last."""
    detail: Any
    """What the parser tells of it: a heading's level, a link's address, a code block's language; or None."""


class OpenDocument:
    """What the handlers of events read and change."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0
        """The bytes before it are read."""
        self.is_kept = True
        """Whether all elements were kept as they are: then the same elements are read in the result."""
        self.line: InlineText | None = None
        """The content of the open paragraph, heading or cell."""
        self.code: list[str] | None = None
        """The open code block: its language, then its lines."""
        self.rows: list[list[str]] = []
        """The cells of the open table."""
        self.html: list[str] = []
        """The lines of the open block of HTML."""
        self.open = [OpenBlock("document")]
        """The document, and the lists, items and quotes within each other that are open."""
        self._too_deep = 0

    def open_line(self, start: int) -> InlineText:
        """Return the open line; in a list without blank lines no event begins one."""
        if self.line is None:
            self._keep_skipped(start - self.data.startswith(b"\\", max(0, start - 1)))
            self.line = InlineText()
        return self.line

    def add(self, kind: BlockKind, text: str) -> None:
        """Add a written block to the open list, item, quote or document; an empty one is left out."""
        if text:
            self.open[-1].blocks.append(WrittenBlock(kind, text))
        # Code leaves the list or quote that it stands in.
        self.is_kept = self.is_kept and bool(text) and (kind != "code" or len(self.open) == 1)

    def add_changed(self, text: str) -> None:
        """Add as plain text what cannot stay the element that it was."""
        self.is_kept = False
        self.add("text", with_lines(InlineText(), text).write())

    def end_line(self, *, one_line: bool = False, cell: bool = False, head: bool = False) -> str:
        """Close the open line and return it as Markdown; empty if no line is open."""
        line, self.line = self.line, None
        if line is None:
            return ""
        text = line.write(one_line=one_line, cell=cell, head=head)
        self.is_kept = self.is_kept and line.is_kept
        return text

    def end_paragraph(self, end: int) -> None:
        """Close the open line as a paragraph."""
        if self.line is not None:
            self.add("text", self.end_line())
        self.place = max(self.place, end)

    def begin_block(self, start: int) -> None:
        """End the paragraph before a block."""
        if self.line is not None:
            self.end_paragraph(self.place)
        self._keep_skipped(start)

    def _keep_skipped(self, start: int) -> None:
        """Keep as text what the parser took for definitions of references."""
        between = self.data[self.place : start].strip(BETWEEN) if start > self.place else b""
        self.place = max(self.place, start)
        if between:
            self.add_changed(between.decode(errors="replace"))

    def begin_container(self, name: str, start: int, marker: str = "") -> None:
        """Open a list, an item or a quote."""
        self.begin_block(start)
        if len(self.open) > DEEPEST or self._too_deep:
            self._too_deep += 1
            self.is_kept = False
        else:
            self.open.append(OpenBlock(name, marker))

    def end_container(self, end: int) -> OpenBlock | None:
        """Close a list, an item or a quote and return it; None for one that was too deep to be opened."""
        self.begin_block(end)
        if not self._too_deep:
            return self.open.pop()
        self._too_deep -= 1
        return None


def with_lines(line: InlineText, text: str) -> InlineText:
    """Add plain text of several lines to a line, and return that."""
    first, *further = text.split("\n")
    line.add(first)
    for each in further:
        line.add(LineBreak(hard=False))
        line.add(each)
    return line
