"""Writes one table as Markdown; its time and memory grow with the table's text, not faster."""

from collections.abc import Iterator, Sequence

from alonchat_crawl.extract.files.escaping import escaped_cell
from alonchat_crawl.extract.markdown.inert_text import opening_escaped

COLUMNS_MAX = 256  # nobody reads a wider table
CELL_MAX_CHARS = 20_000
BETWEEN = "\x1f"  # joins the cells of a kept row: a control character, which no cell has
ROW_CHARS = 2  # of a row beside its cells, at least: the blank line before a paragraph


class TableWriter:
    """Rows of plain text, the first as the head. Empty rows and columns are left out, short rows are padded.

    A later row may be wider, so rows are kept until the last has come, each as one string.
    """

    def __init__(self, room: int) -> None:
        """Take rows until they have more than `room` characters."""
        self.columns = 0
        """Of the widest row of more than COLUMNS_MAX, without its empty end; 0 if there is none."""
        self.cells_cut = 0
        """How many cells had more than CELL_MAX_CHARS."""
        self._room = room
        self._held: list[str] = []
        self._used: set[int] = set()

    @property
    def is_full(self) -> bool:
        """Whether its rows have more characters than there is room for."""
        return self._room < 0

    def add(self, row: Sequence[str]) -> None:
        """Take the next row."""
        if len(row) > COLUMNS_MAX:
            row = self._narrowed(row)
        cells = list(map(escaped_cell, row))
        if not any(cells):
            return
        joined = BETWEEN.join(cells)
        if len(joined) > CELL_MAX_CHARS:
            joined = BETWEEN.join(map(escaped_cell, self._shortened(row)))
        if len(self._used) < len(cells):
            self._used.update(place for place, each in enumerate(cells) if each)
        self._room -= len(joined) + ROW_CHARS
        self._held.append(joined)

    def _narrowed(self, row: Sequence[str]) -> Sequence[str]:
        width = next((place for place in range(len(row), 0, -1) if row[place - 1]), 0)
        self.columns = max(self.columns, width)
        return row[:COLUMNS_MAX]

    def _shortened(self, row: Sequence[str]) -> Iterator[str]:
        for each in row:
            self.cells_cut += len(each) > CELL_MAX_CHARS
            yield each[:CELL_MAX_CHARS]

    def lines(self) -> Iterator[str]:
        """Yield the rows as lines of a table, the head with the rule below it; each is freed."""
        used = sorted(self._used)
        width = len(used)
        dense = width > 0 and used[-1] == width - 1  # no column is empty
        self._held.reverse()
        rule = f"\n|{' --- |' * width}"
        while self._held:
            row = self._held.pop()
            missing = width - 1 - row.count(BETWEEN)
            if dense and missing >= 0:
                yield f"| {row.replace(BETWEEN, ' | ')}{' | ' * missing} |{rule}"
            else:
                cells = row.split(BETWEEN)
                shown = (cells[place] if place < len(cells) else "" for place in used)
                yield f"| {' | '.join(shown)} |{rule}"
            rule = ""

    @property
    def is_list(self) -> bool:
        """Whether it has a single column: it is a box, or a list drawn as a table."""
        return len(self._used) == 1

    def paragraphs(self) -> Iterator[str]:
        """Yield the rows of a table of one column as paragraphs; each is freed."""
        self._held.reverse()
        while self._held:
            yield opening_escaped(self._held.pop().strip(BETWEEN))
