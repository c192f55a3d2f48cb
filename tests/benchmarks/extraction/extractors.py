"""What is compared: this project and trafilatura, both to Markdown; and Markdown as plain text."""

from collections.abc import Callable

import trafilatura
from markdown_it import MarkdownIt

from alonchat_crawl.extract.html.to_markdown import extract_html

Extractor = Callable[[str, str], str]
"""From HTML and URL to Markdown."""
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
BASELINE = "trafilatura, Markdown"


def ours(html: str, url: str) -> str:
    """Extract as the crawler does."""
    return extract_html(html, url).markdown


def baseline(html: str, url: str) -> str:
    """Extract with trafilatura, formatting and links kept."""
    found = trafilatura.extract(
        html, url=url, output_format="markdown", include_links=True, include_formatting=True
    )
    return found or ""


def plain(markdown: str) -> str:
    """Return what a reader of the rendered Markdown sees, block by block; targets of links are not seen."""
    parts: list[str] = []
    for token in MARKDOWN.parse(markdown):
        if token.type == "inline":
            breaks = {"softbreak", "hardbreak"}
            parts.append(
                "".join("\n" if child.type in breaks else child.content for child in token.children or ())
            )
        elif token.type in {"fence", "code_block"}:
            parts.append(token.content)
    return "\n".join(parts)
