"""XLSX to Markdown: each sheet a table under its name; hidden sheets, rows and columns are left out.

CellA formula is not calculated: its cell shows what the program stored last.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

from alonchat_crawl.extract.files.document_writer import DocumentWriter
from alonchat_crawl.extract.files.office.ooxml import OFF, Package, relationship_id
from alonchat_crawl.extract.files.office.xlsx_values import CellValues
from alonchat_crawl.extract.files.office.xml_parts import (
    Element,
    attribute,
    child,
    children,
    drop,
    elements,
    local,
)
from alonchat_crawl.extract.files.table_writer import CELL_MAX_CHARS, COLUMNS_MAX
from alonchat_crawl.extract.text.cut_note import cut_note

MAIN = "xl/workbook.xml"
SHEETS_MAX = 1000
STRINGS_MAX_CHARS = 64 << 20  # of all shared strings together: they are kept in memory
COLUMN = re.compile(r"[A-Z]{1,3}")
DIGITS = "0123456789"
STRINGS_MAX = 4_000_000
ROWS_MAX = 1 << 20  # of a sheet, as the format itself limits them


def write_xlsx(body: bytes, writer: DocumentWriter) -> None:
    """Write a workbook; raises GiveUp and FullError."""
    package = Package(body, MAIN)
    title = package.title()
    root = package.tree(package.main)
    parts = package.relationships(package.main)
    by_kind = {each.kind: each.target for each in parts.values()}
    strings = list(_strings(package, by_kind.get("sharedStrings", ""), writer))
    since_1904 = attribute(child(root, "workbookPr"), "date1904").lower() in {"1", "true", "on"}
    values = CellValues(strings, package.related(package.main, "styles"), since_1904=since_1904)
    sheets = children(root, "sheets")
    for sheet in sheets[:SHEETS_MAX]:
        part = parts.get(relationship_id(sheet))
        if part is None or part.kind != "worksheet" or sheet.get("state", "visible") != "visible":
            continue
        _sheet(sheet.get("name", ""), SheetRows(package, part.target, values), writer)
    if len(sheets) > SHEETS_MAX:
        writer.remark("sheets", SHEETS_MAX, len(sheets))
    if writer.left_out["strings"]:
        writer.add(cut_note("shared texts", len(strings) - writer.left_out["strings"]))
    writer.title = title or writer.title


def _sheet(name: str, rows: "SheetRows", writer: DocumentWriter) -> None:
    coming = iter(rows)
    first = next(coming, None)
    if first is None:
        return
    writer.heading(2, name)
    writer.table(chain([first], coming))
    if rows.columns > COLUMNS_MAX:
        writer.remark("columns", COLUMNS_MAX, rows.columns)


def _strings(package: Package, part: str, writer: DocumentWriter) -> Iterator[str]:
    if not package.has(part):
        return
    held = 0
    with package.open(part) as stream:
        for number, (_, node) in enumerate(elements(stream, "si")):
            if number == STRINGS_MAX:
                writer.left_out["strings"] += 1
                return
            found = _visible_text(node)[: CELL_MAX_CHARS + 1]  # one more, so that a cut can be seen
            held += len(found)
            writer.left_out["strings"] += held > STRINGS_MAX_CHARS
            yield found if held <= STRINGS_MAX_CHARS else ""
            drop(node)


def _visible_text(node: Element) -> str:
    """Return a string item's text without its phonetic guide."""
    spoken = {id(each) for aid in node.iter("{*}rPh") for each in aid.iter("{*}t")}
    return "".join(each.text or "" for each in node.iter("{*}t") if id(each) not in spoken)


class SheetRows:
    """The rows of a sheet that are visible and not empty."""

    def __init__(self, package: Package, part: str, values: CellValues) -> None:
        self.columns = 0
        """The number of the last column that was left out because there are too many; 0 if none was."""
        self._package, self._part, self._values = package, part, values
        self._hidden: set[int] = set()

    def __iter__(self) -> Iterator[list[str]]:
        with self._package.open(self._part) as stream:
            for number, (_, node) in enumerate(elements(stream, "row", "cols")):
                if local(node) == "cols":
                    self._hidden = {
                        place for each in node if _is_hidden(each, "width") for place in _span(each)
                    }
                elif local(node) == "row" and not _is_hidden(node, "ht"):
                    row = self._row(node)
                    if any(row):
                        yield row
                drop(node)
                if number > ROWS_MAX:
                    break

    def _row(self, node: Element) -> list[str]:
        cells: list[str] = []
        place = 0
        for cell in node:
            place = _column(cell.get("r", "").rstrip(DIGITS)) or place + 1
            if place in self._hidden:
                continue
            if place > COLUMNS_MAX:
                if place > self.columns and self._values.shown(cell):
                    self.columns = place
                continue
            cells += [""] * (place - 1 - len(cells))
            cells[place - 1 :] = [self._values.shown(cell)]
        return cells


def _is_hidden(node: Element, size: str) -> bool:
    return node.get("hidden", "0") not in OFF or not node.get(size, "1").strip("0.")


def _span(column: Element) -> range:
    first, last = int(column.get("min", "0")), int(column.get("max", "0"))
    return range(max(first, 1), min(last, COLUMNS_MAX) + 1)


@lru_cache(maxsize=COLUMNS_MAX)
def _column(letters: str) -> int:
    """Return a column's number, from 1, by its name such as AB; 0 if that is no name."""
    number = 0
    for letter in letters if COLUMN.fullmatch(letters) else "":
        number = 26 * number + ord(letter) - ord("A") + 1
    return number
