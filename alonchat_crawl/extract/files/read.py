"""Any file's bytes to text: the one entrance, and the one place where a reader's surprises are settled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote

from alonchat_crawl.extract.files.delimited import write_csv
from alonchat_crawl.extract.files.document_writer import FullError, Text, cut
from alonchat_crawl.extract.files.escaping import one_line
from alonchat_crawl.extract.files.office.docx import write_docx
from alonchat_crawl.extract.files.office.epub import write_epub
from alonchat_crawl.extract.files.office.odt import write_odt
from alonchat_crawl.extract.files.office.pptx import write_pptx
from alonchat_crawl.extract.files.office.xlsx import write_xlsx
from alonchat_crawl.extract.files.pdf.read import write_pdf
from alonchat_crawl.extract.files.refusals import why_not
from alonchat_crawl.extract.files.sniff import FileType, file_type
from alonchat_crawl.extract.text.cut_note import cut_note
from alonchat_crawl.extract.text.encoding import decode
from alonchat_crawl.extract.text.source_code import SUFFIXES
from alonchat_crawl.parser_errors import GiveUp, ReasonedError
from alonchat_crawl.reasons import Reason

TITLE_MAX_CHARS = 500
BYTES_PER_CHAR = 4  # at most, of any charset
WRITERS: Mapping[FileType, Callable[[bytes, Text], None]] = {
    FileType.PDF: write_pdf,
    FileType.DOCX: write_docx,
    FileType.PPTX: write_pptx,
    FileType.XLSX: write_xlsx,
    FileType.ODT: write_odt,
    FileType.EPUB: write_epub,
    FileType.CSV: write_csv,
}
MEDIA_TYPES = {
    FileType.MARKDOWN: "text/markdown",
    FileType.TEXT: "text/plain",
    FileType.HTML: "text/html",
}


@dataclass(frozen=True, slots=True)
class FileText:
    """What a file says."""

    file_type: FileType
    media_type: str
    """As of `items.Page`: what the text is to be sanitised as."""
    text: str
    """Not sanitised; at least one letter or digit, at most the characters that were asked for."""
    title: str
    """One line of plain text; empty where the file names none."""
    truncated: bool = False
    """True where the file had more text than was asked for."""
    written: bool = False
    """As of `items.Page`."""
    note: str = ""
    """As of `items.Page`."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """As of `items.Page`."""


def read_file(body: bytes, name: str, max_chars: int) -> FileText:
    """Read a file of any type that is taken in.

    Raises GiveUp: "file empty", "file type", "file encrypted", "file malformed", "zip bomb", "xml bomb",
    "file without text". Memory is the caller's to limit: MemoryError comes through.
    """
    if not body:
        raise GiveUp(Reason.FILE_EMPTY, "The file has no bytes.")
    kind = file_type(body, name)
    if kind is None or kind in {FileType.ZIP, FileType.TAR}:
        raise why_not(body, kind)
    try:
        result = _read(kind, body, name, max_chars)
    except (ReasonedError, MemoryError):
        raise
    except Exception as error:  # broken files find new ways to break parsers; the file's end is settled here
        raise GiveUp(
            Reason.FILE_MALFORMED, f"It cannot be read as {kind}: {type(error).__name__}."
        ) from error
    if not any(map(str.isalnum, result.text)):
        raise GiveUp(
            Reason.FILE_WITHOUT_TEXT, "No text is in it; of scanned pages, send the recognised text."
        )
    return result


def _read(kind: FileType, body: bytes, name: str, max_chars: int) -> FileText:
    if kind not in WRITERS:
        return _text(kind, body, name, max_chars)
    text = Text(max_chars)
    truncated = False
    try:
        WRITERS[kind](body, text)
    except FullError:
        truncated = True
        if not text.note:
            text.cut("characters", len(str(text)))
    title = one_line(text.title)[:TITLE_MAX_CHARS]
    return FileText(
        *(kind, "text/markdown", str(text), title, truncated),
        written=True,
        note=text.note,
        left_out=+text.left_out,
    )


def _text(kind: FileType, body: bytes, name: str, max_chars: int) -> FileText:
    suffix = PurePosixPath(unquote(name)).suffix.lower()
    media_type = f"text/x-{SUFFIXES[suffix]}" if kind == FileType.CODE else MEDIA_TYPES[kind]
    decoded = decode(body[: BYTES_PER_CHAR * max_chars + BYTES_PER_CHAR], None)
    if len(decoded) <= max_chars:
        return FileText(kind, media_type, decoded, "")
    kept = cut(decoded, max_chars)
    note = cut_note("characters", len(kept))
    return FileText(kind, media_type, kept, "", truncated=True, note=note, left_out={"characters": 1})
