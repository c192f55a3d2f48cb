"""Tables that fit the terminal: each row takes one line, however narrow it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rich.cells import cell_len, set_cell_size
from rich.table import Table
from rich.text import Text

from alonchat_crawl.operations.terminal.terminal_text import terminal_text

GAP = 2
"""Spaces between two columns."""
ID_DIGITS = 8
"""Digits of a shortened id; more if another one in its column begins with the same."""
CUT = "…"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    least: int = 0
    """If the table is too wide, cells lose their middle, but keep so many characters. With 0, never."""
    left_out: int = 0
    """If the table is still too wide, columns are left out, the highest number first. With 0, never."""


def table(columns: Sequence[Column], rows: Sequence[Sequence[object]], width: int) -> Table:
    """Return a table that is at most `width` characters wide.

    To fit, ids and times are shortened, then columns are left out, then cells are cut. A UUID keeps as many
    of its first digits as tell it from the column's others.
    """
    shown = [[_whole(cell) for cell in row] for row in rows]
    widths = _widths(columns, shown)
    if _total(widths) > width:
        digits = [_digits([row[index] for row in rows]) for index in range(len(columns))]
        shown = [[_short(cell, digits[index]) for index, cell in enumerate(row)] for row in rows]
        widths = _widths(columns, shown)
    kept = list(range(len(columns)))
    least = [min(own, column.least or own) for column, own in zip(columns, widths, strict=True)]
    for index in sorted(kept, key=lambda index: -columns[index].left_out):
        if columns[index].left_out and _total([least[one] for one in kept]) > width:
            kept.remove(index)
    may_be_cut = [index for index in kept if columns[index].least]
    while may_be_cut and _total([widths[index] for index in kept]) > width:
        widest = max(may_be_cut, key=lambda index: widths[index])
        if widths[widest] <= 1:
            break
        widths[widest] -= 1
    drawn = Table(box=None, pad_edge=False, header_style="dim", padding=(0, GAP, 0, 0), collapse_padding=True)
    for index in kept:
        numbers = bool(rows) and all(isinstance(row[index], int) for row in rows)
        justify = "right" if numbers else "left"
        drawn.add_column(columns[index].name, justify=justify, no_wrap=True, overflow="ellipsis")  # type: ignore[arg-type]
    for row in shown:
        drawn.add_row(*(Text(_cut(row[index], widths[index])) for index in kept))
    return drawn


def _whole(cell: object) -> str:
    return f"{cell:%Y-%m-%d %H:%M:%S}" if isinstance(cell, datetime) else terminal_text(cell)


def _short(cell: object, digits: int) -> str:
    if isinstance(cell, datetime):
        return f"{cell:%m-%d %H:%M}"
    return str(cell)[:digits] if isinstance(cell, UUID) else terminal_text(cell)


def _digits(cells: Sequence[object]) -> int:
    """How many characters of each UUID tell it from the others."""
    ids = {str(cell) for cell in cells if isinstance(cell, UUID)}
    return next(
        (count for count in range(ID_DIGITS, 36) if len({one[:count] for one in ids}) == len(ids)), 36
    )


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    return [
        max(cell_len(column.name), *(cell_len(row[index]) for row in rows), 0)
        for index, column in enumerate(columns)
    ]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _cut(text: str, width: int) -> str:
    """The text, without its middle if it is too long."""
    if cell_len(text) <= width:
        return text
    head, tail = (width - 1) * 2 // 3, width - 1 - (width - 1) * 2 // 3
    end = set_cell_size(text[::-1], tail)[::-1] if tail else ""
    return f"{set_cell_size(text, max(0, head))}{CUT}{end}"
