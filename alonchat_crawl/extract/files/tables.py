"""CSV and TSV to a Markdown table, whatever separates the cells."""

import csv
from io import StringIO

from alonchat_crawl.extract.encoding import decode
from alonchat_crawl.extract.files.writing import CELL_MAX_CHARS, Text

DELIMITERS = ",;\t|"
SNIFFED_CHARS = 1 << 16
SNIFFED_ROWS = 50
BYTES_PER_CHAR = 4  # at most, of any charset
FIELD_MAX_CHARS = 1 << 20


def write_csv(body: bytes, text: Text) -> None:
    """Write all rows as one table; raises FullError, and csv.Error for a field without end."""
    decoded = decode(body[: BYTES_PER_CHAR * max(text.left, SNIFFED_CHARS)], None).lstrip("\ufeff")
    decoded = decoded.replace("\0", "")
    if decoded[:4].lower() == "sep=":  # what Excel writes before the rows
        told, _, decoded = decoded.partition("\n")
        delimiter = told.strip("\r")[4:5] or ","
    else:
        delimiter = sniffed(decoded)
    csv.field_size_limit(FIELD_MAX_CHARS)
    rows: list[list[str]] = []
    left = text.left
    for row in csv.reader(StringIO(decoded, newline=""), delimiter=delimiter):
        rows.append([cell[:CELL_MAX_CHARS] for cell in row])
        left -= sum(map(len, row)) + len(row)
        if left < 0:  # the table will say where exactly it is full
            break
    text.table(rows)


def sniffed(decoded: str) -> str:
    """Return the delimiter that makes rows of the most even width; a comma where none does.

    `csv.Sniffer` takes quadratic time on hostile text, and guesses letters.
    """
    head = decoded[:SNIFFED_CHARS]
    if len(decoded) > SNIFFED_CHARS:
        head = head[: head.rfind("\n") + 1] or head
    return max(DELIMITERS, key=lambda each: _evenness(head, each))


def _evenness(head: str, delimiter: str) -> tuple[float, int]:
    try:
        widths = [
            len(row)
            for row, _ in zip(
                csv.reader(StringIO(head, newline=""), delimiter=delimiter), range(SNIFFED_ROWS), strict=False
            )
            if row
        ]
    except csv.Error:
        return 0.0, 0
    if not widths or max(widths) == 1:
        return 0.0, 0
    most = max(set(widths), key=widths.count)
    return (widths.count(most) / len(widths) if most > 1 else 0.0), most
