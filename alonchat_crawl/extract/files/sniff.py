"""Which type a file has, by its bytes; its name only tells kinds of text apart.

One file can be valid as several types. Its first bytes decide, as they do in the programs that people open
files with. A ZIP is what its directory says. Only a PDF may begin later, if nothing else is recognised before
it: Adobe's readers look through the first 1024 bytes.
"""

import re
import zipfile
from enum import StrEnum
from io import BytesIO
from pathlib import PurePosixPath
from urllib.parse import unquote

from alonchat_crawl.extract.files.archives.checked_zip import CENTRAL, END, LOCAL, MEMBERS_MAX, local_names
from alonchat_crawl.extract.files.archives.compressed import decompressor, inflated_head, is_tar
from alonchat_crawl.extract.text.media_types import HTML_SUFFIXES, MARKDOWN_SUFFIXES, TABLE_SUFFIXES
from alonchat_crawl.extract.text.source_code import SUFFIXES


class FileType(StrEnum):
    """The types of files that are read; ZIP and TAR are archives of them."""

    PDF = "pdf"
    DOCX = "docx"
    PPTX = "pptx"
    XLSX = "xlsx"
    ODT = "odt"
    EPUB = "epub"
    CSV = "csv"
    MARKDOWN = "markdown"
    TEXT = "text"
    CODE = "code"
    HTML = "html"
    ZIP = "zip"
    TAR = "tar"


PDF_WITHIN = 1024
PDF = re.compile(rb"%PDF-\d")
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
RTF = b"{\\rtf"
MIMETYPES = {
    b"application/epub+zip": FileType.EPUB,
    b"application/vnd.oasis.opendocument.text": FileType.ODT,
    b"application/vnd.oasis.opendocument.text-template": FileType.ODT,
}
# The part that an office program opens first. If a file has two of them, the first of this table decides.
MAIN_PARTS = {
    "word/document.xml": FileType.DOCX,
    "xl/workbook.xml": FileType.XLSX,
    "ppt/presentation.xml": FileType.PPTX,
    "META-INF/container.xml": FileType.EPUB,
}
FOLDERS = {b"word/": FileType.DOCX, b"xl/": FileType.XLSX, b"ppt/": FileType.PPTX}
RELATIONSHIP = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*/officeDocument[\"'][^>]*>")
TARGET = re.compile(rb"""Target\s*=\s*["']/?((?:word|xl|ppt)/)[^"'/]+\.xml["']""")
TEXT_SUFFIXES = {
    **dict.fromkeys(TABLE_SUFFIXES, FileType.CSV),
    **dict.fromkeys(MARKDOWN_SUFFIXES, FileType.MARKDOWN),
    **dict.fromkeys(SUFFIXES, FileType.CODE),
}

HEAD_BYTES = 4096
XML = re.compile(rb"\s*<\?xml[^>]*>", re.IGNORECASE)
HTML = re.compile(
    rb"(?:\s|(?><!--.*?-->)|<\?xml[^>]*>)*+<(?:!doctype\s+html|html|head|body)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
TAG = re.compile(rb"<(?:title|meta|div|p|h1|table|script|style|ul|main|article)[\s>]", re.IGNORECASE)
BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
WIDE_BOMS = BOMS[1:]
# Bytes that no text has. Escape (0x1b) is not among them: ISO-2022-JP and logs have it.
CONTROL = bytes([*range(9), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F])
CONTROL_SHARE = 0.02
WIDE_MIN_BYTES = 4


def file_type(body: bytes, name: str = "") -> FileType | None:
    """Return the type of a file; None if there is no reader for it. Never raises."""
    if body.startswith((LOCAL, END)):
        return _zip_type(body)
    head = body[:HEAD_BYTES]
    if head.startswith((OLE2, RTF)):
        return None
    if is_tar(head) or is_tar(inflated_head(body)):
        return FileType.TAR
    if decompressor(head):  # a single file that is compressed
        return None
    if PDF.match(head.removeprefix(BOMS[0]).lstrip()):
        return FileType.PDF
    if kind := _text_type(head, PurePosixPath(unquote(name)).suffix.lower()):
        return kind
    return FileType.PDF if PDF.search(head[:PDF_WITHIN]) else None


def _zip_type(body: bytes) -> FileType | None:
    try:
        if body.count(CENTRAL) > MEMBERS_MAX:
            return FileType.ZIP
        with zipfile.ZipFile(BytesIO(body)) as file:
            names = set(file.namelist())
            declared = _head_of(file, "mimetype").strip()
            relationships = _head_of(file, "_rels/.rels")
    except Exception:  # noqa: BLE001 - zipfile raises anything for broken bytes, and the reader gives the reason
        return _broken_zip_type(body)
    if declared in MIMETYPES:
        return MIMETYPES[declared]
    if declared.startswith(b"application/vnd.oasis.opendocument"):
        return None
    for relationship in RELATIONSHIP.findall(relationships):
        target = TARGET.search(relationship)
        return FOLDERS[target.group(1)] if target else None
    if "[Content_Types].xml" in names or "META-INF/container.xml" in names:
        return next((kind for part, kind in MAIN_PARTS.items() if part in names), None)
    return FileType.ZIP


def _head_of(file: zipfile.ZipFile, name: str) -> bytes:
    if name not in file.namelist():
        return b""
    with file.open(name) as part:
        return part.read(HEAD_BYTES)


def _broken_zip_type(body: bytes) -> FileType | None:
    for mimetype, kind in MIMETYPES.items():
        if b"mimetype" + mimetype in body[:HEAD_BYTES]:
            return kind
    names = list(local_names(body))
    found = (kind for name in names for folder, kind in FOLDERS.items() if name.startswith(folder))
    return next(found, FileType.ZIP)


def _text_type(head: bytes, suffix: str) -> FileType | None:
    wide = head.startswith(WIDE_BOMS) or _looks_wide(head)
    narrow = head.replace(b"\0", b"") if wide else head
    for bom in BOMS:
        narrow = narrow.removeprefix(bom)
    if HTML.match(narrow):
        return FileType.HTML
    if not wide and len(head) - len(head.translate(None, CONTROL)) > CONTROL_SHARE * len(head):
        return None
    if suffix in HTML_SUFFIXES and TAG.search(narrow):
        return FileType.HTML
    if PDF.search(head[:PDF_WITHIN]) or (XML.match(narrow) and suffix not in TEXT_SUFFIXES):
        return None
    return TEXT_SUFFIXES.get(suffix, FileType.TEXT)


def _looks_wide(head: bytes) -> bool:
    """Whether it looks like UTF-16 of mostly ASCII: every other byte is zero, and hardly any of the rest."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    return (
        len(head) >= WIDE_MIN_BYTES and max(even, odd) * 5 > len(head) * 2 and min(even, odd) * 20 < len(head)
    )
