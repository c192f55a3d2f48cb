"""The last step of every extraction: invisible characters are removed, and the Markdown is written safe."""

from collections import Counter
from dataclasses import dataclass, field

from alonchat_crawl.extract.html.metadata import Metadata
from alonchat_crawl.extract.markdown.titles import plain_line
from alonchat_crawl.extract.markdown.writer import TopBlock, write
from alonchat_crawl.extract.text.clean_text import clean_text


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a page says."""

    title: str
    """One line of plain text; empty if the page has none."""
    markdown: str
    """Safe Markdown; empty if the page has no text."""
    low_quality: bool = False
    """True if only the whole body, navigation included, gave any text."""
    removed: Counter[str] = field(default_factory=Counter)
    """How much was removed, by kind."""
    metadata: Metadata = field(default_factory=Metadata)
    blocks: tuple[TopBlock, ...] = ()
    """Where the blocks of its Markdown are."""


def safe_markdown(
    title: str,
    markdown: str,
    removed: Counter[str],
    metadata: Metadata | None = None,
    *,
    low_quality: bool = False,
) -> Extracted:
    """Return a page's title and Markdown without invisible characters, written so that they can do nothing.

    `removed` counts what earlier steps have removed.
    """
    _, of_title = clean_text(title)
    markdown, of_markdown = clean_text(markdown)
    written = write(markdown)
    return Extracted(
        title=plain_line(title),
        markdown=written.markdown,
        low_quality=low_quality,
        removed=removed + of_title + of_markdown,
        metadata=metadata or Metadata(),
        blocks=written.blocks,
    )
