"""What flows through the pipelines: Page → CleanPage → ChunkedPage → EmbeddedPage → StoredPage.

Each stage takes one type and returns the next, so text that was not sanitised cannot reach the
embedder. All of them are frozen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from alonchat_crawl.sources import Ending, Link

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    import numpy as np
    from numpy.typing import NDArray


class ContentType(StrEnum):
    """Decides a chunk's capacity; see CHUNK_BYTES in settings."""

    CODE = "code"
    DOCUMENTATION = "documentation"
    LEGAL = "legal"


SOURCE_CODE = "text/x-"
"""How a source file's media type begins, for instance text/x-python; whatever its server says."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Whose page it is and where it came from."""

    url: str
    """Absolute and canonical: the page's own rel=canonical, or else where it was fetched."""
    fetched_url: str
    """Where it was fetched; not `url` if the page was fetched at another of its addresses."""
    project_id: UUID
    source_id: UUID
    crawl_id: UUID
    """The run of the source that fetched it."""
    fetched_at: datetime
    """UTC, aware."""
    etag: str | None = None
    """The response's ETag as sent. None if it had none, if it was fetched at another URL than `url`, or if
    the page will expire."""
    last_modified: str | None = None
    """The response's Last-Modified as sent; None as for `etag`."""


@dataclass(frozen=True, slots=True)
class Page:
    """One fetched document, decoded but not sanitised."""

    provenance: Provenance
    media_type: str
    """text/html (also for XHTML), text/plain, text/markdown, or SOURCE_CODE and a language."""
    text: str
    """The whole body as Unicode, with nothing removed."""
    links: tuple[str, ...] = ()
    """What it links to, canonical. They are followed again after a 304."""
    title: str = ""
    """The title that a file gives itself, one line; preferred to its first heading. Empty for a web page."""
    name: str = ""
    """A file's name, one line; its title if nothing else gives one. Empty for a web page."""
    written: bool = False
    """True if `text` is Markdown that a file's reader wrote, with the file's own text escaped."""
    note: str = ""
    """The note that a file's text ends with if it was cut; empty if the file was read whole."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How much of a file was left out, by kind (rows, columns, cells, …); 1 if it was not counted."""


SpiderOutput: TypeAlias = Page | Link | Ending
"""What a spider yields for a response: a page to store, links to follow, or how it ended otherwise."""


@dataclass(frozen=True, slots=True)
class CleanPage:
    """A page's text as safe Markdown."""

    provenance: Provenance
    title: str
    """One line of plain text; empty if the page has none."""
    language: str
    """ISO 639-1 code; empty if it is not known."""
    content_type: ContentType
    markdown: str
    """Never empty; NFC; no control but tab and newline; no raw HTML; links http, https, mailto only."""
    content_sha256: bytes
    """32 bytes over title and markdown: what `unchanged` compares."""
    description: str = ""
    """One line of plain text, from the page's metadata; empty if it has none."""
    published_at: datetime | None = None
    """Aware; by the page's own metadata."""
    modified_at: datetime | None = None
    """Aware; by the page's own metadata."""
    links: tuple[str, ...] = ()
    """As in `Page`."""
    low_quality: bool = False
    """True if no main content was found and the whole body was taken."""
    removed: Mapping[str, int] = field(default_factory=dict)
    """What was removed, by kind (hidden, control, bidi, …). For a file also what exceeded the limits, such as
    `rows left out`."""
    signals: Mapping[str, int] = field(default_factory=dict)
    """What may be an attempt at prompt injection, by kind: `hidden` elements and `invisible` characters, both
    stripped, `hidden instructions` in them, and `instructions`, which are still in the text."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a page's text."""

    position: int
    """0-based within its page."""
    content: str
    heading_path: tuple[str, ...]
    """The headings it stands under, outermost first, without the page's title if that repeats it."""
    start: int
    """Where its text begins in the page's Markdown, in characters."""
    end: int
    """Where it ends, exclusive; a fence reopened or a table head repeated is in `content` only."""
    sketch: int = 0
    """64 bits, signed; near-duplicates differ in few of them (near_duplicates.py). 0 if it was not made."""


@dataclass(frozen=True, slots=True)
class ChunkedPage:
    """A clean page and its chunks, in order."""

    page: CleanPage
    chunks: tuple[Chunk, ...]
    """At least one."""
    known: Mapping[int, EmbeddedChunk] = field(default_factory=dict)
    """By position: chunks whose text this project has embedded already, under the same scheme."""


@dataclass(frozen=True, slots=True)
class EmbeddedChunk:
    """A chunk with a vector for each of its windows."""

    chunk: Chunk
    token_count: int
    """Tokens of the chunk's content by the model's own tokenizer, special tokens not counted."""
    vectors: NDArray[np.float32] | None
    """float32[windows, 384], L2-normalised. All that a reader sees of the content is in at least one window.
    None if the page already holds this very chunk: only its position is written."""


@dataclass(frozen=True, slots=True)
class EmbeddedPage:
    """A page ready to be stored."""

    page: CleanPage
    chunks: tuple[EmbeddedChunk, ...]


@dataclass(frozen=True, slots=True)
class StoredPage:
    """What the store stage returns after its commit."""

    provenance: Provenance
    chunks: int
    windows: int
