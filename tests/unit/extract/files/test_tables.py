"""Tables are written as their readers see them, and what is too long is cut with a note."""

import string
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from alonchat_crawl.extract.document import extract_document
from alonchat_crawl.extract.files import delimited as tables
from alonchat_crawl.extract.files.delimited import ROW_MAX_CHARS
from alonchat_crawl.extract.files.document_writer import DocumentWriter, FullError
from alonchat_crawl.extract.files.escaping import CONTROL, escaped_cell, one_line
from alonchat_crawl.extract.files.read import FileText, read_contents, read_file
from alonchat_crawl.extract.files.table_writer import CELL_MAX_CHARS
from alonchat_crawl.spiders.files import page_of
from tests.support.clean_page import clean_page
from tests.support.files.office import xlsx
from tests.unit.pipelines.test_sanitise import PROVENANCE

PLENTY = 10_000_000
RENDERER = MarkdownIt("commonmark", {"html": True}).enable("table")
HOSTILE = st.text(
    st.sampled_from("\\|`<>&![]()*_~#-:\"'\n\r\t\0\x1f ab/") | st.characters(exclude_categories=["Cs"]),
    max_size=40,
)


def read(body: str | bytes, most: int = PLENTY) -> FileText:
    """Read a CSV."""
    return read_file(body.encode() if isinstance(body, str) else body, "x.csv", most)


def shown(markdown: str) -> list[list[str]]:
    """The cells that a renderer shows, row by row."""
    tree = LexborHTMLParser(RENDERER.render(markdown))
    assert {node.tag for node in tree.css("body *")} <= {"table", "thead", "tbody", "tr", "th", "td"}
    return [[node.text() for node in row.css("th, td")] for row in tree.css("tr")]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(HOSTILE, min_size=2, max_size=4))
def test_a_cell_stays_one_inert_cell(words: list[str]) -> None:
    """Whatever a cell says, a renderer that allows HTML shows its words in one cell, and nothing else."""
    text = DocumentWriter(PLENTY)
    text.table([["x"] * len(words), words])
    plain = [one_line(CONTROL.sub("", each.replace("\ufffd", ""))) for each in words]
    if any(plain):
        found = [[each.replace("\ufffd", "") for each in row] for row in shown(str(text))]
        assert found == [["x"] * len(words), plain]


def test_most_cells_are_left_alone() -> None:
    """Words, numbers, dates and addresses are written as they are."""
    for plain in ("", "Tea", "3,50", "2026-01-02 12:00", "a@b.example", string.ascii_letters):
        assert escaped_cell(plain) is plain


@pytest.mark.parametrize(
    ("body", "markdown"),
    [
        ("a,b\n1\n2,3,4\n", "| a | b |  |\n| --- | --- | --- |\n| 1 |  |  |\n| 2 | 3 | 4 |"),
        ("\n,,\na,,b\n\n ,\n1,,2\n", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("a,b,,\n1,2,,\n", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("- one\n\n2. two\n", "\\- one\n\n2\\. two"),
        ("Prices\nitem,price\ntea,3\n", "| Prices |  |\n| --- | --- |\n| item | price |\n| tea | 3 |"),
        ('a,b\n"x\ny","q""q"\n', '| a | b |\n| --- | --- |\n| x y | q"q |'),
        ("sep=;\na;b,c\n", "| a | b,c |\n| --- | --- |"),
        ('sep="\na,b\n', "| a | b |\n| --- | --- |"),
        (f"a,b\0\n1\0,2{' ' * 200}\n", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
    ],
)
def test_rows_are_made_even(body: str, markdown: str) -> None:
    """The head is as wide as the widest row, shorter rows are padded, empty rows and columns go."""
    assert read(body).text == markdown
    assert read(body.replace("\n", "\r")).text == markdown
    assert read(body.replace("\n", "\r\n")).text == markdown


@pytest.mark.parametrize(
    "body",
    [
        'a,b\n1,"never closed\n' + f"2,{'3' * 37}\n" * 26_300,
        'a,b\n1,"never closed\n2,3\n',
        "a,b\n" + 'y"," \n' * 180_000,
    ],
)
def test_an_open_quote_takes_nothing_with_it(body: str) -> None:
    """A quote that nothing closes is a character; the rows behind it are rows."""
    lines = body.splitlines()
    rows = read(body, PLENTY).text.splitlines()
    assert len(rows) == len(lines) + 1
    assert [each.strip(" |") for each in rows[2].split(" | ")] == [
        each.strip() for each in lines[1].split(",")
    ]
    assert rows[-1].count(" | ") == 1


NARROW = "a,b\n" + "1,2\n" * 100
LONG: list[tuple[str, int, str, Mapping[str, int]]] = [
    (NARROW, 400, "… cut after 38 rows of 101.", {"rows": 63}),
    ("a\n" * 100, 100, "… cut after 34 rows of 100.", {"rows": 66}),
    (",".join(map(str, range(1000))), PLENTY, "… cut after 256 columns of 1000.", {"columns": 744}),
    (f"a,b\n1,{'x' * 20_001}", PLENTY, "… cut after 20000 characters in 1 cells.", {"cells": 1}),
    (
        f"a,b\n1,{'xy ' * ROW_MAX_CHARS}",
        PLENTY,
        "… cut after 1048576 characters in 1 rows.",
        {"cells": 2},
    ),
]


@pytest.mark.parametrize(("body", "most", "note", "left_out"), LONG)
def test_what_is_too_long_is_cut_with_a_note(
    body: str, most: int, note: str, left_out: Mapping[str, int]
) -> None:
    """What is beyond a limit is counted and told in the document; all else is there."""
    found = read(body, most)
    document = extract_document(found.media_type, found.text, "", written=found.written, note=found.note)
    assert document.extracted.markdown.endswith(f"\n\n{note}")
    assert found.left_out == left_out
    assert len(found.text) <= most
    assert found.truncated == bool(found.note) == ("rows" in left_out)


def test_lines_beyond_the_limit_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line costs time, however short: the note says that there is more than was counted."""
    monkeypatch.setattr(tables, "LINES_MAX", 51)
    assert read(NARROW).note == "… cut after 51 rows."
    assert read(NARROW, 400).note == "… cut after 38 rows of more than 51."
    assert read("a,b\n" + "\n" * 100).note == "… cut after 1 rows."
    assert read("a,b\n" + "1,2\n" * 50).note == ""


def test_a_workbook_is_cut_with_a_note() -> None:
    """Columns beyond the limit count where they say something."""
    cells = '<c r="A1"><v>1</v></c><c r="B1"><v>2</v></c><c r="IW1"><v>3</v></c><c r="XFD1"/>'
    found = read_file(xlsx({"S": f'<sheetData><row r="1">{cells}</row></sheetData>'}), "x.xlsx", PLENTY)
    assert found.text == "## S\n\n| 1 | 2 |\n| --- | --- |\n\n… cut after 256 columns of 257."
    rows = "".join(f"<row><c><v>{number}</v></c><c><v>2</v></c></row>" for number in range(100))
    found = read_file(xlsx({"S": f"<sheetData>{rows}</sheetData>"}), "x.xlsx", 400)
    assert (found.note, found.left_out) == ("… cut after 35 rows.", {"rows": 1})


def test_a_table_takes_no_more_rows_than_fit() -> None:
    """Where it is full, an iterator still has the others: however many there are, they cost nothing."""
    rows = iter([["a", "b"]] * 1000)
    with pytest.raises(FullError):
        DocumentWriter(100).table(rows)
    assert len(list(rows)) > 900


@pytest.mark.parametrize("codec", ["utf-8", "cp1252", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-16"])
def test_the_charset_is_told_wherever_it_shows(codec: str) -> None:
    """A megabyte of ASCII, in long rows since each row costs time, says nothing of the first other letter."""
    table = "a,b\n" + f"1,{'2' * 37}\n" * 30_000 + "café,crème brûlée\n" * 3
    assert read(table.encode(codec)).text.endswith("| café | crème brûlée |")


def test_a_long_cell_is_no_longer_than_it_may_be() -> None:
    """What is kept of it is its beginning."""
    text = DocumentWriter(PLENTY)
    text.table([["a", "b"], ["1", "ab" * CELL_MAX_CHARS]])
    assert shown(str(text).partition("\n\n")[0])[1][1] == "ab" * (CELL_MAX_CHARS // 2)


def test_what_was_cut_reaches_the_record() -> None:
    """From a file's bytes to its page: the note stands in the text, the count in what was removed."""
    page = page_of(read_contents(NARROW.encode(), "x.csv", 400), "x.csv", PROVENANCE)
    clean = clean_page(page)
    assert clean.markdown.endswith("\n\n… cut after 38 rows of 101.")
    assert clean.removed == {"rows left out": 63}
    text = page_of(read_contents(b"one two three " * 50, "x.txt", 400), "x.txt", PROVENANCE)
    assert clean_page(text).markdown.endswith("\n\n… cut after 399 characters.")
    assert clean_page(text).removed == {"characters left out": 1}
