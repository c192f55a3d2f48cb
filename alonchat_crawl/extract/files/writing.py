"""Plain words to Markdown in which nothing of them becomes markup, and a text that knows when it is full."""

import re
from collections.abc import Iterable, Sequence

SPECIAL = re.compile(r"([\\`*_\[\]<>&~|!])")
# What would open a heading, a list, a quote, a rule or a fence where a block begins.
OPENS = re.compile(r"^(?:[#+\-=>~:]|(\d{1,9})(?=[.)](?:\s|$)))")
COLUMNS_MAX = 256  # more is no table for readers
CELL_MAX_CHARS = 20_000
DEPTH_MAX = 8  # of lists
INDENT = 4


class FullError(Exception):
    """The text has all the characters it may have."""


class Text:
    """Markdown blocks up to `max_chars` characters; what exceeds them is cut between words."""

    def __init__(self, max_chars: int) -> None:
        self.left = max_chars
        self.title = ""
        self._depth = -1  # of the list's item that was added last
        self._blocks: list[str] = []

    def add(self, block: str, between: str = "\n\n") -> None:
        """Append a block, after a blank line or what else is told; raises FullError where it does not fit."""
        if not block:
            return
        self._depth = -1
        block = (between if self._blocks else "") + block
        if len(block) > self.left:
            self._blocks.append(cut(block, max(0, self.left)).rstrip())
            self.left = 0
            raise FullError
        self.left -= len(block)
        self._blocks.append(block)

    def heading(self, level: int, text: str) -> None:
        """Append a heading of plain text, the first of which is the title where no other is known."""
        if text := one_line(text):
            self.title = self.title or text
            self.add(f"{'#' * min(max(level, 1), 6)} {escaped(text)}")

    def paragraph(self, text: str) -> None:
        """Append a paragraph of plain text."""
        self.add(opening_escaped(escaped(one_line(text))))

    def item(self, depth: int, number: int | None, markdown: str) -> None:
        """Append a list's item; `depth` from 0, `number` None for a bullet."""
        if not markdown.strip():
            return
        before = self._depth
        depth = min(depth, before + 1, DEPTH_MAX)  # deeper than its parent by more, it would be code
        mark = "-" if number is None else f"{number}."
        indented = " " * (INDENT * depth)
        self.add(f"{indented}{mark} {opening_escaped(markdown)}", "\n" if before >= 0 else "\n\n")
        self._depth = depth

    def table(self, rows: Iterable[Sequence[str]]) -> None:
        """Append rows of plain text, the first being the head; empty rows and columns go."""
        kept = [[one_line(cell[:CELL_MAX_CHARS]) for cell in row[:COLUMNS_MAX]] for row in rows]
        kept = [row for row in kept if any(row)]
        used = [
            place
            for place in range(max(map(len, kept), default=0))
            if any(place < len(row) and row[place] for row in kept)
        ]
        if len(used) == 1:  # a box or a list drawn as a table
            for row in kept:
                self.paragraph(row[used[0]] if used[0] < len(row) else "")
            return
        for number, row in enumerate(kept):
            cells = [escaped(row[place]) if place < len(row) else "" for place in used]
            self.add(f"| {' | '.join(cells)} |", "\n" if number else "\n\n")
            if not number:
                self.add("|" + " --- |" * len(used), "\n")

    def __str__(self) -> str:
        return "".join(self._blocks)


def cut(text: str, most: int) -> str:
    """Return at most so many characters of a longer text, up to the end of a word where one ends."""
    kept = max(text.rfind(" ", 0, most + 1), text.rfind("\n", 0, most + 1))
    return text[: kept if kept > 0 else most]


def one_line(text: str) -> str:
    """Return a text without line ends and doubled spaces."""
    return " ".join(text.split())


def escaped(text: str) -> str:
    """Return plain text as Markdown that shows the same characters."""
    return SPECIAL.sub(r"\\\1", text)


def opening_escaped(markdown: str) -> str:
    """Return a line of Markdown that opens no block but a paragraph."""
    found = OPENS.match(markdown)
    if found is None:
        return markdown
    if number := found.group(1):
        return f"{number}\\{markdown[len(number) :]}"
    return f"\\{markdown}"
