"""Writes a document's Markdown block by block, up to a number of characters."""

from collections import Counter
from collections.abc import Iterable, Sequence
from io import StringIO

from alonchat_crawl.extract.files.escaping import escaped, one_line
from alonchat_crawl.extract.files.table_writer import CELL_MAX_CHARS, COLUMNS_MAX, TableWriter
from alonchat_crawl.extract.markdown.inert_text import opening_escaped
from alonchat_crawl.extract.text.cut_note import cut_note

DEPTH_MAX = 8  # of lists within each other
INDENT = 4


class FullError(Exception):
    """The text has all the characters that it may have."""


class DocumentWriter:
    """Markdown blocks up to `max_chars` characters; what exceeds them is cut between words."""

    def __init__(self, max_chars: int) -> None:
        self.left = max_chars
        self.title = ""
        self.note = ""
        """What stands at its end for the reader; empty if the whole document is in it."""
        self.left_out: Counter[str] = Counter()
        """How many were left out, by what they are, such as rows; 1 if they were not counted."""
        self.rows = 0
        """How many rows of the last table are in it."""
        self._depth = -1  # of the list item that was added last; -1 after any other block
        self._written = StringIO()

    def add(self, block: str, between: str = "\n\n") -> None:
        """Append a block after a blank line, or after `between`; raises FullError if it does not fit."""
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
        """Append a heading of plain text; the first one is the title if no other is known."""
        if text := one_line(text):
            self.title = self.title or text
            self.add(f"{'#' * min(max(level, 1), 6)} {escaped(text)}")

    def paragraph(self, text: str) -> None:
        """Append a paragraph of plain text."""
        self.add(opening_escaped(escaped(one_line(text))))

    def item(self, depth: int, number: int | None, markdown: str) -> None:
        """Append a list item; `depth` counts from 0, `number` is None for a bullet."""
        if not markdown.strip():
            return
        before = self._depth
        depth = min(depth, before + 1, DEPTH_MAX)  # more than one level below its parent, it would be code
        mark = "-" if number is None else f"{number}."
        indented = " " * (INDENT * depth)
        self.add(f"{indented}{mark} {opening_escaped(markdown)}", "\n" if before >= 0 else "\n\n")
        self._depth = depth

    def table(self, rows: Iterable[Sequence[str]]) -> None:
        """Append rows of plain text, the first as the head, without empty rows and columns.

        It takes no more rows than fit: after a FullError, an iterator still has the others.
        """
        table = TableWriter(self.left)
        for row in rows:
            table.add(row)
            if table.is_full:
                break
        self.add_table(table)

    def add_table(self, table: TableWriter) -> None:
        """Append a table; raises FullError if it has more rows than fit."""
        try:
            self._add_rows(table)
        except FullError:
            self.cut("rows", self.rows)
            raise
        if table.columns > COLUMNS_MAX:
            self.remark("columns", COLUMNS_MAX, table.columns)
        if table.cells_cut:
            self.left_out["cells"] += table.cells_cut
            self.add(cut_note(f"characters in {table.cells_cut} cells", CELL_MAX_CHARS))

    def _add_rows(self, table: TableWriter) -> None:
        self.rows = 0
        rows, between = (table.paragraphs(), "\n\n") if table.is_list else (table.lines(), "\n")
        for row in rows:
            self.add(row, between if self.rows else "\n\n")
            self.rows += 1
        if table.is_full:
            raise FullError

    def remark(self, what: str, kept: int, total: int) -> None:
        """Say in a paragraph how many of the things before it were kept."""
        self.left_out[what] += total - kept
        self.add(cut_note(what, kept, total))

    def cut(self, what: str, kept: int, total: int | None = None, *, more: bool = False) -> None:
        """Say in the note that the text ends before the document; for `total` and `more` see cut_note."""
        self.left_out[what] = 1 if total is None else total - kept
        self.note = cut_note(what, kept, total, more=more)

    def __str__(self) -> str:
        return self._written.getvalue()


def cut(text: str, most: int) -> str:
    """Return at most so many characters of a longer text, cut at the end of a word if there is one."""
    kept = max(text.rfind(" ", 0, most + 1), text.rfind("\n", 0, most + 1))
    return text[: kept if kept > 0 else most]
