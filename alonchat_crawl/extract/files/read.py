"""Any file's bytes to text, or to the list of what is in an archive.

This is the only entrance, and the only place where a reader's unexpected exception becomes a reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote

from alonchat_crawl.extract.files.archives.archive import ArchiveMember, list_files
from alonchat_crawl.extract.files.delimited import write_csv
from alonchat_crawl.extract.files.document_writer import DocumentWriter, FullError, cut
from alonchat_crawl.extract.files.escaping import one_line
from alonchat_crawl.extract.files.office.docx import write_docx
from alonchat_crawl.extract.files.office.epub import write_epub
from alonchat_crawl.extract.files.office.odt import write_odt
from alonchat_crawl.extract.files.office.pptx import write_pptx
from alonchat_crawl.extract.files.office.xlsx import write_xlsx
from alonchat_crawl.extract.files.pdf.read import write_pdf
from alonchat_crawl.extract.files.refusals import refusal
from alonchat_crawl.extract.files.sniff import FileType, file_type
from alonchat_crawl.extract.text.cut_note import cut_note
from alonchat_crawl.extract.text.encoding import decode
from alonchat_crawl.extract.text.media_types import HTML, MARKDOWN, PLAIN
from alonchat_crawl.extract.text.source_code import SUFFIXES
from alonchat_crawl.parser_errors import GiveUp, ReasonedError
from alonchat_crawl.reasons import Reason

ARCHIVES = frozenset({FileType.ZIP, FileType.TAR})
TITLE_MAX_CHARS = 500
BYTES_PER_CHAR = 4  # at most, in any charset
WRITERS: Mapping[FileType, Callable[[bytes, DocumentWriter], None]] = {
    FileType.PDF: write_pdf,
    FileType.DOCX: write_docx,
    FileType.PPTX: write_pptx,
    FileType.XLSX: write_xlsx,
    FileType.ODT: write_odt,
    FileType.EPUB: write_epub,
    FileType.CSV: write_csv,
}
MEDIA_TYPES = {
    FileType.MARKDOWN: MARKDOWN,
    FileType.TEXT: PLAIN,
    FileType.HTML: HTML,
}


@dataclass(frozen=True, slots=True)
class FileText:
    """What a file says."""

    file_type: FileType
    media_type: str
    """As in `items.Page`: what the text is to be sanitised as."""
    text: str
    """Not sanitised; at least one letter or digit, at most `max_chars` characters."""
    title: str
    """One line of plain text; empty if the file has none."""
    truncated: bool = False
    """Whether the file has more text than `max_chars`."""
    written: bool = False
    """As in `items.Page`."""
    note: str = ""
    """As in `items.Page`."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """As in `items.Page`."""


@dataclass(frozen=True, slots=True)
class FileContents:
    """What a file holds: text, or other files."""

    file: FileText | None
    """None for an archive."""
    members: tuple[ArchiveMember, ...] = ()
    """The files in an archive; none for any other file."""


def read_contents(body: bytes, name: str, max_chars: int) -> FileContents:
    """Read a file or list an archive. Raises GiveUp with the reasons of `read_file` and of `list_files`."""
    if body and file_type(body, name) in ARCHIVES:
        return FileContents(None, list_files(body))
    return FileContents(read_file(body, name, max_chars))


def read_file(body: bytes, name: str, max_chars: int) -> FileText:
    """Read a file of any type but an archive.

    Raises GiveUp: "file empty", "file type", "file encrypted", "file malformed", "zip bomb", "xml bomb",
    "file without text". MemoryError comes through: the caller limits memory.
    """
    if not body:
        raise GiveUp(Reason.FILE_EMPTY, "The file has no bytes.")
    kind = file_type(body, name)
    if kind is None or kind in ARCHIVES:
        raise refusal(body, kind)
    try:
        result = _read(kind, body, name, max_chars)
    except (ReasonedError, MemoryError):
        raise
    except Exception as error:  # no list of what parsers raise for broken files is ever complete
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
        return _decoded(kind, body, name, max_chars)
    writer = DocumentWriter(max_chars)
    truncated = False
    try:
        WRITERS[kind](body, writer)
    except FullError:
        truncated = True
        if not writer.note:
            writer.cut("characters", len(str(writer)))
    title = one_line(writer.title)[:TITLE_MAX_CHARS]
    return FileText(
        *(kind, MARKDOWN, str(writer), title, truncated),
        written=True,
        note=writer.note,
        left_out=+writer.left_out,
    )


def _decoded(kind: FileType, body: bytes, name: str, max_chars: int) -> FileText:
    suffix = PurePosixPath(unquote(name)).suffix.lower()
    media_type = f"text/x-{SUFFIXES[suffix]}" if kind == FileType.CODE else MEDIA_TYPES[kind]
    decoded = decode(body[: BYTES_PER_CHAR * max_chars + BYTES_PER_CHAR], None)
    if len(decoded) <= max_chars:
        return FileText(kind, media_type, decoded, "")
    kept = cut(decoded, max_chars)
    note = cut_note("characters", len(kept))
    return FileText(kind, media_type, kept, "", truncated=True, note=note, left_out={"characters": 1})
