"""CSV and TSV to a Markdown table, with any delimiter: row by row, however long the file is."""

import csv
import re
from collections import deque
from collections.abc import Iterator
from functools import partial
from io import BytesIO, StringIO, TextIOWrapper
from itertools import chain, islice
from typing import TextIO

from alonchat_crawl.extract.files.document_writer import DocumentWriter, FullError
from alonchat_crawl.extract.text.cut_note import cut_note
from alonchat_crawl.extract.text.encoding import codec_of

DELIMITERS = ",;\t|"
NO_DELIMITERS = '"\r\n '
SNIFFED_CHARS = 1 << 16
SNIFFED_ROWS = 50
SAMPLE_BYTES = 1 << 20  # from the start and from the first byte that is not ASCII; they tell the charset
ROW_MAX_CHARS = 1 << 20  # also how far after an opening quote its closing quote is looked for
LINES_MAX = 8_000_000  # that are read, blank ones included: each costs time, however short it is
NOT_ASCII = re.compile(rb"[^\x00-\x7f]")


def write_csv(body: bytes, writer: DocumentWriter) -> None:
    """Write all rows as one table; raises FullError."""
    stream, delimiter = _opened(body)
    rows = CsvRows(stream, delimiter)
    coming = iter(rows)
    try:
        writer.table(coming)
    except FullError:
        kept = writer.rows
        deque(coming, maxlen=0)
        writer.cut("rows", kept, rows.count, more=rows.more)
        raise
    if rows.more:
        writer.cut("rows", writer.rows)
        raise FullError
    if rows.shortened:
        writer.left_out["cells"] += rows.shortened
        writer.add(cut_note(f"characters in {rows.shortened} rows", ROW_MAX_CHARS))


def _opened(body: bytes) -> tuple[TextIO, str]:
    """Return the text as a stream that begins with the first row, and the delimiter."""
    found = NOT_ASCII.search(body)
    place = max(found.start() & ~1 if found else 0, SAMPLE_BYTES)  # even, in case it is UTF-16
    codec, start = codec_of(body[:SAMPLE_BYTES] + body[place : place + SAMPLE_BYTES], None)
    head = _text(body, codec, start).read(SNIFFED_CHARS + 1)
    stream = _text(body, codec, start)
    if head[:4].lower() != "sep=":  # a line that Excel writes before the rows
        return stream, sniff_delimiter(head)
    stated = stream.readline(ROW_MAX_CHARS)[4:5]
    return stream, stated if stated and stated not in NO_DELIMITERS else ","


def _text(body: bytes, codec: str, start: int) -> TextIO:
    buffer = BytesIO(body)
    buffer.seek(start)
    return TextIOWrapper(buffer, codec, "replace", newline="")


class CsvRows:
    """The rows that are not blank, each of at most ROW_MAX_CHARS.

    If a quote that opens a cell is not closed within so many characters, it and all quotes after it are
    ordinary characters. So the rows after a stray quote stay rows.
    """

    def __init__(self, stream: TextIO, delimiter: str) -> None:
        self.count = 0
        """How many rows were yielded."""
        self.shortened = 0
        """How many of them lost their ends."""
        self.more = False
        """Whether there are lines after the last that was read."""
        self._stream, self._delimiter = stream, delimiter
        self._lines = self._read()
        self._row: list[str] = []
        """The lines of the row that is being read."""
        self._ended = False
        """Whether the csv reader got its last line; if it yields a row after that, a quote in it is open."""

    def __iter__(self) -> Iterator[list[str]]:
        csv.field_size_limit(2 * ROW_MAX_CHARS)  # no row is as long
        for row in chain(self._quoted(), self._unquoted()):
            if any(row):
                self.count += 1
                yield row

    def _quoted(self) -> Iterator[list[str]]:
        for row in csv.reader(self._recorded(), delimiter=self._delimiter):
            if self._ended:
                return
            self._row.clear()
            yield row

    def _unquoted(self) -> Iterator[list[str]]:
        lines = chain(self._row, self._lines)
        return csv.reader(lines, delimiter=self._delimiter, quoting=csv.QUOTE_NONE)

    def _recorded(self) -> Iterator[str]:
        """Yield lines and keep those of the open row; end if that is too long."""
        chars = 0
        for line in self._lines:
            chars = chars + len(line) if self._row else len(line)
            self._row.append(line)
            if chars > ROW_MAX_CHARS:
                break
            yield line
        self._ended = True

    def _read(self) -> Iterator[str]:
        """Yield lines with their ends (LF, CR or both), without zeros, cut to ROW_MAX_CHARS."""
        for line in islice(iter(partial(self._stream.readline, ROW_MAX_CHARS), ""), LINES_MAX):
            if len(line) == ROW_MAX_CHARS and line[-1] not in "\r\n":
                self.shortened += self._skipped()
            yield line.replace("\0", "")
        self.more = bool(self._stream.read(1))

    def _skipped(self) -> bool:
        """Read to the line's end; return whether there was anything but zeros and white space."""
        any_text = False
        for line in iter(partial(self._stream.readline, ROW_MAX_CHARS), ""):
            any_text = any_text or bool(line.strip("\0\r\n "))
            if line[-1] in "\r\n":
                break
        return any_text


def sniff_delimiter(decoded: str) -> str:
    """Return the delimiter that makes rows of the most even width; a comma if none does.

    `csv.Sniffer` takes quadratic time on hostile text, and may answer with a letter.
    """
    head = decoded[:SNIFFED_CHARS]
    if len(decoded) > SNIFFED_CHARS:
        head = head[: head.rfind("\n") + 1] or head
    return max(DELIMITERS, key=lambda each: _evenness(head, each))


def _evenness(head: str, delimiter: str) -> tuple[float, int]:
    rows = csv.reader(StringIO(head, newline=""), delimiter=delimiter)
    try:
        widths = [len(row) for row in islice(rows, SNIFFED_ROWS) if row]
    except csv.Error:
        return 0.0, 0
    if not widths or max(widths) == 1:
        return 0.0, 0
    most = max(set(widths), key=widths.count)
    return (widths.count(most) / len(widths) if most > 1 else 0.0), most
