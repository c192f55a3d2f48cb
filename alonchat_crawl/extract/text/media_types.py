"""The table of media types and file names of text, and which of them a response is.

What the server says decides; for source code and Markdown the name as well; without a word from the server,
the beginning of the body.
"""

import re
from urllib.parse import urlsplit

from alonchat_crawl.extract.text.source_code import language_of
from alonchat_crawl.items import SOURCE_CODE

HTML, MARKDOWN, PLAIN = "text/html", "text/markdown", "text/plain"
"""What text is read as, beside source code."""
HTML_TYPES = frozenset({HTML, "application/xhtml+xml"})
MARKDOWN_TYPES = frozenset({MARKDOWN, "text/x-markdown"})
TABLE_TYPES = {"text/csv": ".csv", "application/csv": ".csv", "text/tab-separated-values": ".tsv"}
HTML_SUFFIXES = (".html", ".htm", ".xhtml", ".xht")
MARKDOWN_SUFFIXES = (".md", ".markdown", ".mdown", ".mkd")
TABLE_SUFFIXES = (".csv", ".tsv", ".tab")

RESOURCE_HEADER_BYTES = 1445
"""So many bytes decide (WHATWG MIME Sniffing, section 5.2)."""
BINARY_BYTES = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
"""No text has one ("binary data byte", WHATWG MIME Sniffing, section 3)."""
UTF_16_MARKS = (b"\xfe\xff", b"\xff\xfe")
TEXT_LIKE_FILES = (b"%PDF-", b"{\\rtf", b"%!PS")
"""Signatures of files that may begin with printable bytes only. A PDF's need not be at the very start."""


def media_type(header: str, url: str, body: bytes) -> str | None:
    """Return the type to read a response as; None if it is no text. `header` is its Content-Type or empty."""
    declared = header.partition(";")[0].strip().lower()
    beginning = body[:512].lstrip().lower()
    if declared in HTML_TYPES or (not declared and beginning.startswith((b"<!doctype html", b"<html"))):
        return HTML
    path = urlsplit(url).path.lower()
    if declared in MARKDOWN_TYPES or (declared == PLAIN and path.endswith(MARKDOWN_SUFFIXES)):
        return MARKDOWN
    if (language := language_of(url, declared)) is not None:
        return f"{SOURCE_CODE}{language}"
    return declared if declared == PLAIN else None


def table_name(header: str, name: str) -> str:
    """Return a file's name, with a table's ending added if only its Content-Type says that it is one."""
    suffix = TABLE_TYPES.get(header.partition(";")[0].strip().lower(), "")
    return name if name.lower().endswith(suffix) else f"{name}{suffix}"


def looks_binary(body: bytes) -> bool:
    """Whether a body begins like a binary file, whatever its declared type.

    A ZIP, PDF, RTF, OLE2 or gzip file always does; UTF-16 without its mark does, too.
    """
    beginning = body[:RESOURCE_HEADER_BYTES]
    if any(magic in beginning for magic in TEXT_LIKE_FILES):
        return True
    return not beginning.startswith(UTF_16_MARKS) and BINARY_BYTES.search(beginning) is not None
