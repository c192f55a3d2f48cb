"""One table on its way to Markdown: in time proportional to its text, and in hardly more memory."""

from collections.abc import Iterator, Sequence

from alonchat_crawl.extract.files.escaping import cell
from alonchat_crawl.extract.markdown.inert_text import opening_escaped

COLUMNS_MAX = 256  # more is no table for readers
CELL_MAX_CHARS = 20_000
BETWEEN = "\x1f"  # the cells of a row that is held: a control character, which no cell has
ROW_CHARS = 2  # beside its cells a row has at least so many: a paragraph after a blank line


class Table:
    """Rows of plain text, the first being the head; empty rows and columns go, shorter rows are padded.

    A later row may be wider: rows are held until the last has come, each as one string.
    """

    def __init__(self, room: int) -> None:
        """Take no more rows than `room` characters can show."""
        self.columns = 0
        """Of the widest row, without its empty end; those beyond COLUMNS_MAX included."""
        self.cells_cut = 0
        """Cells of more than CELL_MAX_CHARS."""
        self._room = room
        self._held: list[str] = []
        self._used: set[int] = set()

    @property
    def is_full(self) -> bool:
        """Whether there is no room for the rows that it has."""
        return self._room < 0

    def add(self, row: Sequence[str]) -> None:
        """Take the next row."""
        if len(row) > COLUMNS_MAX:
            row = self._narrowed(row)
        cells = list(map(cell, row))
        if not any(cells):
            return
        joined = BETWEEN.join(cells)
        if len(joined) > CELL_MAX_CHARS:
            joined = BETWEEN.join(map(cell, self._shortened(row)))
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
        """Yield the rows as lines of a table, the rule with the head; each is let go of."""
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
        """Whether it has one column: a box, or a list drawn as a table."""
        return len(self._used) == 1

    def paragraphs(self) -> Iterator[str]:
        """Yield the rows of a table of one column as paragraphs; each is let go of."""
        self._held.reverse()
        while self._held:
            yield opening_escaped(self._held.pop().strip(BETWEEN))
