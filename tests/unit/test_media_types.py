"""What the spider takes for which kind of text."""

import pytest
from scrapy.http import Response

from alonchat_crawl.spiders.website import _media_type


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
    assert _media_type(header, Response(f"https://a.example{path}", body=body)) == found
