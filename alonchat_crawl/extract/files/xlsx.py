"""XLSX to Markdown: each sheet a table under its name; hidden sheets, rows and columns are left out.

Values are what the program stored last; no formula is calculated.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from alonchat_crawl.extract.files.ooxml import OFF, Package
from alonchat_crawl.extract.files.writing import CELL_MAX_CHARS, COLUMNS_MAX, Text
from alonchat_crawl.extract.files.xlsx_values import Values
from alonchat_crawl.extract.files.xml_parts import Element, attribute, child, drop, elements, local

MAIN = "xl/workbook.xml"
SHEETS_MAX = 1000
STRINGS_MAX_CHARS = 64 << 20  # of shared strings, which are held at once
COLUMN = re.compile(r"[A-Z]{1,3}")
DIGITS = "0123456789"
STRINGS_MAX = 4_000_000
ROWS_MAX = 1 << 20  # of a sheet, by the format's own word


def write_xlsx(body: bytes, text: Text) -> None:
    """Write a workbook; raises GiveUp and FullError."""
    package = Package(body, MAIN)
    title = package.title()
    root = package.tree(package.main)
    parts = package.relationships(package.main)
    by_kind = {each.kind: each.target for each in parts.values()}
    strings = list(_strings(package, by_kind.get("sharedStrings", "")))
    since_1904 = attribute(child(root, "workbookPr"), "date1904").lower() in {"1", "true", "on"}
    values = Values(strings, package.related(package.main, "styles"), since_1904=since_1904)
    sheets = child(root, "sheets")
    for sheet in (sheets if sheets is not None else ())[:SHEETS_MAX]:
        part = parts.get(_relation(sheet))
        if part is None or part.kind != "worksheet" or sheet.get("state", "visible") != "visible":
            continue
        rows = _rows(package, part.target, values, text.left)
        if rows:
            text.heading(2, sheet.get("name", ""))
            text.table(rows)
    text.title = title or text.title


def _relation(sheet: Element) -> str:
    return next((str(value) for key, value in sheet.items() if str(key).endswith("}id")), "")


def _strings(package: Package, part: str) -> Iterator[str]:
    if not package.has(part):
        return
    held = 0
    with package.open(part) as stream:
        for number, (_, node) in enumerate(elements(stream, "si")):
            if number == STRINGS_MAX:
                return
            found = words(node)[:CELL_MAX_CHARS]
            held += len(found)
            yield found if held < STRINGS_MAX_CHARS else ""
            drop(node)


def words(node: Element) -> str:
    """Return a string item's text, without what tells its pronunciation."""
    spoken = {id(each) for aid in node.iter("{*}rPh") for each in aid.iter("{*}t")}
    return "".join(each.text or "" for each in node.iter("{*}t") if id(each) not in spoken)


def _rows(package: Package, part: str, values: Values, max_chars: int) -> list[list[str]]:
    """Return the rows to be seen, until they exceed `max_chars`: the table will say where it is full."""
    rows: list[list[str]] = []
    hidden: set[int] = set()
    held = 0
    with package.open(part) as stream:
        for number, (_, node) in enumerate(elements(stream, "row", "cols")):
            if local(node) == "cols":
                hidden = {place for each in node if _is_hidden(each, "width") for place in _span(each)}
            elif local(node) == "row" and not _is_hidden(node, "ht"):
                row = _row(node, values, hidden)
                if any(row):
                    rows.append(row)
                    held += sum(map(len, row)) + len(row)
            drop(node)
            if held > max_chars or number > ROWS_MAX:
                break
    return rows


def _is_hidden(node: Element, size: str) -> bool:
    return node.get("hidden", "0") not in OFF or not node.get(size, "1").strip("0.")


def _span(column: Element) -> range:
    first, last = int(column.get("min", "0")), int(column.get("max", "0"))
    return range(max(first, 1), min(last, COLUMNS_MAX) + 1)


def _row(node: Element, values: Values, hidden: set[int]) -> list[str]:
    cells: list[str] = []
    place = 0
    for cell in node:
        place = _column(cell.get("r", "").rstrip(DIGITS)) or place + 1
        if place > COLUMNS_MAX:
            break
        if place in hidden:
            continue
        cells += [""] * (place - 1 - len(cells))
        cells[place - 1 :] = [values.of(cell)]
    return cells


@lru_cache(maxsize=COLUMNS_MAX)
def _column(letters: str) -> int:
    """Return a column's number, from 1, by its name such as AB; 0 where that is none."""
    number = 0
    for letter in letters if COLUMN.fullmatch(letters) else "":
        number = 26 * number + ord(letter) - ord("A") + 1
    return number
