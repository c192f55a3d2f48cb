"""The one place where stored Markdown is written: from a parsed tree, whatever text the tree was parsed from.

What is written cannot be active, however a renderer reads it. Each line is inert by itself (inline.py). Raw
HTML is text. Code stands in closed fences, longer than any run of backticks in it, and at the top level only:
in lists and quotes renderers disagree on which lines are fences, and then on those of all that follows.
"""

import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from pyromark import Options, events_with_range

from alonchat_crawl.extract.markdown.containers import Piece
from alonchat_crawl.extract.markdown.inline import Inline
from alonchat_crawl.extract.markdown.reader import MarkdownReader, add_lines

OPTIONS = Options.ENABLE_TABLES | Options.ENABLE_STRIKETHROUGH
ROUNDS = 4  # of writing until it changes nothing more: what the first leaves out can bring two texts together
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


class Written(NamedTuple):
    """A document as it is stored."""

    markdown: str
    """Parsing and writing it again changes nothing."""
    blocks: tuple[TopBlock, ...]


def write(markdown: str) -> Written:
    """Return a Markdown text as it may be stored: inert in every renderer, and a fixed point of `write`.

    All its words are kept. Raw HTML becomes the text that it is, images their descriptions, definitions of
    references text, and of links to anything but http, https and mailto the words are left. Takes time in
    proportion to the text.
    """
    markdown = LINE_END.sub("\n", markdown)
    for _ in range(ROUNDS):
        written, is_kept = _written(markdown)
        if is_kept or written.markdown == markdown:
            return written
        markdown = written.markdown
    return _words_of(markdown)


def table_row(cells: Iterable[str], *, head: bool = False) -> str:
    """Return plain texts as a row of a table, or as its first."""
    return f"| {' | '.join(table_cell(cell, head=head) for cell in cells)} |"


def table_cell(plain: str, *, head: bool = False) -> str:
    """Return plain text as the cell of a table, which is one line."""
    return Inline(" ".join(plain.split())).write(one_line=True, cell=True, head=head)


def _written(markdown: str) -> tuple[Written, bool]:
    """Write once; tell whether all elements were kept, so that writing again would change nothing."""
    reader = MarkdownReader(markdown.encode(errors="replace"))
    for event, span in events_with_range(markdown, options=OPTIONS):
        reader.read(event, span["start"], span["end"])
    pieces = reader.ended()
    return _put_together(pieces), reader.is_kept


def _words_of(markdown: str) -> Written:
    """Keep the lines of a text on which writing and parsing do not agree, as paragraphs."""
    texts = (add_lines(paragraph).write() for paragraph in PARAGRAPHS.split(markdown))
    return _put_together([Piece("text", text) for text in texts if text])


def _put_together(pieces: Sequence[Piece]) -> Written:
    blocks: list[TopBlock] = []
    place = 0
    for piece in pieces:
        end = place + piece.text.count("\n") + 1
        kind = piece.kind if piece.kind in {"heading", "code"} else ""
        digest = None if kind else blake2b(piece.text.encode(), digest_size=DIGEST_BYTES).digest()
        blocks.append(TopBlock(place, end, kind, digest))
        place = end + 1
    return Written("\n\n".join(piece.text for piece in pieces), tuple(blocks))
