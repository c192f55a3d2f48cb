"""Targets: pages of web sites, from bytes to what is stored."""

import re
from collections.abc import Mapping
from contextlib import suppress

from alonchat_crawl.extract.chunks.chunking import chunk
from alonchat_crawl.extract.document import extract_document
from alonchat_crawl.extract.read_page import read_page
from alonchat_crawl.extract.site.sitemap import read_sitemap
from alonchat_crawl.extract.text.media_types import media_type
from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.urls import canonical_url
from tests.support.rendering import active

URL = "https://example.com/a/"
MOST = 100
SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "html": (
        b"<!doctype html><title>T</title><meta name=robots content=noindex><base href=/x><h1>A</h1>",
        b"<a href=b?c#d>b</a><p style='display:none'>hidden</p><table><tr><td>1</table><pre><code>x<!--",
        b"<p>&lt;script&gt;alert(1)&lt;/script&gt; ![x](javascript:y) `a` <svg><style><img src onerror=x>",
    ),
    "markdown": (
        b"# A\n\n[b](c) <http://d> ![e](f)\n\n```html\n<script>\n```\n\n[g]: javascript:h\n<img src=x>\n",
        b"| a |\n|---|\n| b |\n",
    ),
    "sitemap": (
        b"<urlset><url><loc>https://example.com/</loc><lastmod>2026-01-01</lastmod></url></urlset>",
        b"<sitemapindex><sitemap><loc>https://example.com/a.xml</loc></sitemap></sitemapindex>",
    ),
    "chunks": (b"# A\n\ntext\n\n```py\nx = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> q\n\n1. one\n",),
}


def html(data: bytes) -> None:
    """A page is read to links that can be crawled, and to Markdown in which nothing is active."""
    media_type("", URL, data)
    page = read_page(data, "text/html", "text/html", URL, MOST)
    assert len(page.found.links) <= MOST
    for link in page.found.links:
        assert canonical_url(link) == link, link
    _stored("text/html", page.text)


def markdown(data: bytes) -> None:
    """So is a Markdown document, and a plain text."""
    page = read_page(data, "text/markdown", "text/markdown", URL, MOST)
    for link in page.found.links:
        assert canonical_url(link) == link, link
    _stored("text/markdown", page.text)
    _stored("text/plain", page.text)


def _stored(kind: str, text: str) -> None:
    with suppress(GiveUp):
        found = extract_document(kind, text, URL).extracted
        assert active(found.markdown) == []
        assert re.search(r"<[A-Za-z/!?]|!\[|\]\(", found.title) is None


def sitemap(data: bytes) -> None:
    """A sitemap is read within its limits, or given up."""
    with suppress(GiveUp):
        found = read_sitemap(data, 1_000_000, MOST)
        assert len(found.urls) <= MOST
        for url in found.urls:
            assert canonical_url(url) == url, url


def chunks(data: bytes) -> None:
    """A document is cut into pieces that are no larger than asked for."""
    found = chunk(data.decode(errors="replace"), title="", capacity=200, minimum=20)
    assert all(piece.content.strip() for piece in found)
