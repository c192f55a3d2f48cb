"""A document's Markdown as it is written: block by block, up to as many characters as it may have."""

from collections import Counter
from collections.abc import Iterable, Sequence
from io import StringIO

from alonchat_crawl.extract.files.escaping import escaped, one_line
from alonchat_crawl.extract.files.table_writer import CELL_MAX_CHARS, COLUMNS_MAX, Table
from alonchat_crawl.extract.markdown.inert_text import opening_escaped
from alonchat_crawl.extract.text.cut_note import cut_note

DEPTH_MAX = 8  # of lists
INDENT = 4


class FullError(Exception):
    """The text has all the characters it may have."""


class DocumentWriter:
    """Markdown blocks up to `max_chars` characters; what exceeds them is cut between words."""

    def __init__(self, max_chars: int) -> None:
        self.left = max_chars
        self.title = ""
        self.note = ""
        """What a reader is told at its end; empty where it holds the whole document."""
        self.left_out: Counter[str] = Counter()
        """How many of what did not come in; 1 where nobody has counted."""
        self.rows = 0
        """Of the table that was added last, those that came in."""
        self._depth = -1  # of the list's item that was added last
        self._written = StringIO()

    def add(self, block: str, between: str = "\n\n") -> None:
        """Append a block, after a blank line or what else is told; raises FullError where it does not fit."""
        if not block:
            return
        self._depth = -1
        if self._written.tell():
            block = between + block
        if len(block) > self.left:
            self._written.write(cut(block, max(0, self.left)).rstrip())
            self.left = 0
            raise FullError
        self.left -= len(block)
        self._written.write(block)

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
        """Append rows of plain text, the first being the head; empty rows and columns go.

        No more are taken than there is room for: where it raises FullError, an iterator has the others.
        """
        table = Table(self.left)
        for row in rows:
            table.add(row)
            if table.is_full:
                break
        self.add_table(table)

    def add_table(self, table: Table) -> None:
        """Append a table; raises FullError where it has more rows than fit."""
        self.rows = 0
        between = "\n\n" if table.is_list else "\n"
        try:
            for line in table.paragraphs() if table.is_list else table.lines():
                self.add(line, between if self.rows else "\n\n")
                self.rows += 1
        except FullError:
            self.cut("rows", self.rows)
            raise
        if table.is_full:
            self.cut("rows", self.rows)
            raise FullError
        if table.columns > COLUMNS_MAX:
            self.remark("columns", COLUMNS_MAX, table.columns)
        if table.cells_cut:
            self.left_out["cells"] += table.cells_cut
            self.add(cut_note(f"characters in {table.cells_cut} cells", CELL_MAX_CHARS))

    def remark(self, what: str, kept: int, total: int) -> None:
        """Say in a paragraph that some of what stands before it was left out."""
        self.left_out[what] += total - kept
        self.add(cut_note(what, kept, total))

    def cut(self, what: str, kept: int, total: int | None = None, *, more: bool = False) -> None:
        """Say that it ends here although there is more; for `total` and `more` see cut_note."""
        self.left_out[what] = 1 if total is None else total - kept
        self.note = cut_note(what, kept, total, more=more)

    def __str__(self) -> str:
        return self._written.getvalue()


def cut(text: str, most: int) -> str:
    """Return at most so many characters of a longer text, up to the end of a word where one ends."""
    kept = max(text.rfind(" ", 0, most + 1), text.rfind("\n", 0, most + 1))
    return text[: kept if kept > 0 else most]
