"""The only place that writes Markdown to be stored: from a parsed tree, whatever text that was parsed from.

What is written cannot be active, however a renderer reads it. Each line is inert by itself (inert_text.py).
Raw HTML is text. Code stands in closed fences, which are longer than any run of backticks in it, and at the
top level only: renderers disagree on which lines of a list or quote are fences, and then on all that follows.
"""

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from alonchat_crawl.extract.markdown.blocks import WrittenBlock
from alonchat_crawl.extract.markdown.inline import InlineText
from alonchat_crawl.extract.markdown.open_document import with_lines
from alonchat_crawl.extract.markdown.reader import read_markdown

ROUNDS = 4  # of writing until nothing changes: what one round leaves out can bring two texts together
LINE_END = re.compile(r"\r\n?")
PARAGRAPHS = re.compile(r"\n\s*\n")
DIGEST_BYTES = 8


class TopBlock(NamedTuple):
    """A block at a document's top level."""

    start: int
    """Its first line, from 0."""
    end: int
    """The line after."""
    kind: str
    """`heading`, `code` or empty."""
    digest: bytes | None
    """Of its text; None for headings and code."""


class WrittenMarkdown(NamedTuple):
    """A document as it is stored."""

    markdown: str
    """Parsing and writing it again changes nothing."""
    blocks: tuple[TopBlock, ...]


def write(markdown: str) -> WrittenMarkdown:
    """Return a Markdown text as it may be stored: inert in every renderer, and a fixed point of `write`.

    All its words are kept. Raw HTML and definitions of references become plain text, images become their
    descriptions, and links to anything but http, https and mailto become their words. The time grows with the
    text's length, not faster.
    """
    markdown = LINE_END.sub("\n", markdown)
    for _ in range(ROUNDS):
        blocks, is_kept = read_markdown(markdown)
        written = _joined(blocks)
        if is_kept or written.markdown == markdown:
            return written
        markdown = written.markdown
    return _as_paragraphs(markdown)


def _as_paragraphs(markdown: str) -> WrittenMarkdown:
    """Keep the words of a text on which writing and parsing do not agree."""
    texts = (with_lines(InlineText(), paragraph).write() for paragraph in PARAGRAPHS.split(markdown))
    return _joined([WrittenBlock("text", text) for text in texts if text])


def _joined(blocks: Sequence[WrittenBlock]) -> WrittenMarkdown:
    top: list[TopBlock] = []
    line = 0
    for block in blocks:
        end = line + block.text.count("\n") + 1
        kind = block.kind if block.kind in {"heading", "code"} else ""
        digest = None if kind else blake2b(block.text.encode(), digest_size=DIGEST_BYTES).digest()
        top.append(TopBlock(line, end, kind, digest))
        line = end + 1
    return WrittenMarkdown("\n\n".join(block.text for block in blocks), tuple(top))
