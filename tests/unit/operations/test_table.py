"""Tables fit the terminal: a row is a line."""

from datetime import UTC, datetime
from io import StringIO
from uuid import UUID, uuid5

import pytest
from rich.console import Console

from alonchat_crawl.operations.terminal.table import Column, table

COLUMNS = (
    Column("id"),
    Column("when", left_out=1),
    Column("project", left_out=2),
    Column("url", least=22),
    Column("n"),
)
IDS = [uuid5(UUID(int=0), str(number)) for number in range(100)]
ROWS = [(one, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), IDS[0], f"https://e.example/{'x' * 90}/{n}", n)
        for n, one in enumerate(IDS)]  # fmt: skip


def drawn(width: int) -> list[str]:
    """The table's lines, as a terminal of this width shows them."""
    out = StringIO()
    Console(file=out, width=width).print(table(COLUMNS, ROWS, width))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 150, 240])
def test_a_row_is_a_line(width: int) -> None:
    """However wide the terminal is, each row is one line that fits, and begins with its id."""
    header, *lines = drawn(width)
    assert len(lines) == len(ROWS)
    assert all(len(line) <= width for line in (header, *lines))
    assert len({line.split()[0] for line in lines}) == len(ROWS)
    assert all(str(one).startswith(line.split()[0]) for one, line in zip(IDS, lines, strict=True))
    assert all(line.rstrip().endswith(str(number)) for number, line in enumerate(lines))


def test_what_is_given_up_first() -> None:
    """Ids are whole if there is room; else they are short, then columns are missing, then URLs' middles."""
    assert str(IDS[7]) in drawn(240)[8]
    assert str(IDS[7])[:8] in drawn(150)[8]
    assert str(IDS[7]) not in drawn(150)[8]
    assert drawn(55)[0].split() == ["id", "when", "url", "n"]
    assert drawn(40)[0].split() == ["id", "url", "n"]
    assert "https://e.example/xx" in drawn(150)[8]
    assert "xx/7" in drawn(80)[8]


def test_ids_that_begin_alike() -> None:
    """Two ids are never shortened to the same."""
    rows = [(UUID(int=number << 64), "x" * 90) for number in range(1, 4)]
    out = StringIO()
    Console(file=out, width=60).print(table((Column("id"), Column("url", least=10)), rows, 60))
    assert len({line.split()[0] for line in out.getvalue().splitlines()[1:]}) == 3
