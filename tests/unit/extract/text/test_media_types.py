"""What the spider takes for which kind of text."""

import pytest

from alonchat_crawl.extract.text.media_types import looks_binary, media_type, table_name


@pytest.mark.parametrize(
    ("path", "header", "body", "found"),
    [
        ("/", "text/html; charset=utf-8", b"", "text/html"),
        ("/", "application/xhtml+xml", b"", "text/html"),
        ("/a.md", "text/plain", b"", "text/markdown"),
        ("/a", "text/markdown", b"", "text/markdown"),
        ("/a.txt", "text/plain", b"", "text/plain"),
        ("/a.py", "text/plain", b"", "text/x-python"),
        ("/a.py?raw=1", "text/x-python; charset=utf-8", b"", "text/x-python"),
        ("/raw", "text/x-python", b"", "text/x-python"),
        ("/a.ts", "video/mp2t", b"", "text/x-typescript"),
        ("/a.js", "application/javascript", b"", "text/x-javascript"),
        ("/a.rs", "application/octet-stream", b"", "text/x-rust"),
        ("/a.py", "text/html", b"", "text/html"),
        ("/a.php", "text/html", b"<html>", "text/html"),
        ("/a.php", "", b"<html>", "text/html"),
        ("/a", "", b"<!DOCTYPE html>", "text/html"),
        ("/a", "", b"GIF89a", None),
        ("/a.exe", "application/octet-stream", b"MZ", None),
        ("/a.ts", "video/mp4", b"", None),
        ("/a.pdf", "application/pdf", b"%PDF", None),
    ],
)
def test_media_type(path: str, header: str, body: bytes, found: str | None) -> None:
    """By what the server says; by name for source files; by its beginning where nothing is said."""
    assert media_type(header, f"https://a.example{path}", body) == found


@pytest.mark.parametrize(
    ("body", "binary"),
    [
        (b"", False),
        (b"<!doctype html>", False),
        (b"caf\xc3\xa9 \xff\r\n\t\x0c\x1b[0m", False),
        ("\ufeffUTF-8".encode(), False),
        ("UTF-16".encode("utf-16"), False),
        ("UTF-16 without a mark".encode("utf-16-le"), True),
        (b"PK\x03\x04\x14\x00", True),
        (b"PK\x05\x06" + bytes(18), True),
        (b"%PDF-1.7\n", True),
        (b"<html>" + b" " * 1000 + b"%PDF-1.7\n", True),
        (b"{\\rtf1", True),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", True),
        (b"\x1f\x8b\x08", True),
        (b"text" + bytes(1), True),
    ],
)
def test_looks_binary(body: bytes, binary: bool) -> None:  # noqa: FBT001 - a column of the table
    """A file that is declared as text does not begin like text."""
    assert looks_binary(body) is binary


@pytest.mark.parametrize(
    ("header", "name", "known"),
    [
        ("text/csv", "export", "export.csv"),
        ("Text/CSV; charset=utf-8", "data.json", "data.json.csv"),
        ("application/csv", "", ".csv"),
        ("text/csv", "A.CSV", "A.CSV"),
        ("text/tab-separated-values", "a.txt", "a.txt.tsv"),
        ("text/plain", "a.csv", "a.csv"),
        ("", "export", "export"),
        ("application/pdf", "a", "a"),
    ],
)
def test_table_name(header: str, name: str, known: str) -> None:
    """What a server calls a table is known by a table's name."""
    assert table_name(header, name) == known
