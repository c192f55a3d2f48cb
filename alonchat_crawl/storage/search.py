"""Hybrid search in one project's chunks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg import Connection
from psycopg.rows import dict_row

from alonchat_crawl.storage.faults import translated
from alonchat_crawl.storage.queries import QUERIES


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found, with its place."""

    chunk_id: UUID
    page_id: UUID
    source_id: UUID
    url: str
    title: str
    heading_path: tuple[str, ...]
    content: str
    content_type: str
    language: str
    position: int
    """0-based within its page."""
    score: float
    """Similarity + 0.8 × the share of the question's words that it holds, weighted by rarity. At most 1.8."""
    similarity: float | None
    """Cosine of the chunk's best window, -1 to 1; None if only words matched."""
    before: tuple[str, ...]
    """Contents of the chunks before it on its page, in order; empty unless requested."""
    after: tuple[str, ...]
    signals: Mapping[str, int]
    """Number of possible prompt injections in its page, by kind (items.CleanPage.signals)."""


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """What a hit must match; None matches everything."""

    source_ids: Sequence[UUID] | None = None
    content_types: Sequence[str] | None = None
    languages: Sequence[str] | None = None
    """ISO 639-1 codes."""
    since: datetime | None = None
    """Aware; compared with the time when the page was modified, else published, else fetched."""


EVERYTHING = SearchFilter()


@dataclass(frozen=True, slots=True)
class ProjectState:
    """Whether and how a project can be searched."""

    scheme: str | None
    """The scheme that questions must be embedded by; None before the project's first page."""
    searchable: bool


def project_state(connection: Connection, project_id: UUID) -> ProjectState | None:
    """Return how a project can be searched; None if it does not exist."""
    with translated():
        found = connection.execute(QUERIES["project_state"], {"project_id": project_id}).fetchone()
    return ProjectState(*found) if found else None


def search(
    connection: Connection,
    project_id: UUID,
    vector: NDArray[np.float32] | None,
    text: str,
    count: int,
    *,
    only: SearchFilter = EVERYTHING,
    neighbours: int = 0,
) -> list[Hit]:
    """Return at most `count` chunks, best first, and only one of near-duplicates.

    `vector` (float32[384]) embeds `text` by the project's scheme. Without it, only words are compared.
    """
    wanted = {
        "project_id": project_id,
        "embedding": None if vector is None else HalfVector(vector).to_text(),
        # Postgres accepts neither NUL nor lone surrogates, which do not matter to a search.
        "text": text.replace("\0", " ").encode(errors="replace").decode(),
        "count": count,
        "neighbours": neighbours,
        "source_ids": only.source_ids,
        "content_types": only.content_types,
        "languages": only.languages,
        "since": only.since,
    }
    with translated(), connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(QUERIES["match_chunks"], wanted).fetchall()
    lists = ("heading_path", "before", "after")
    return [Hit(**row | {name: tuple(row[name]) for name in lists}) for row in rows]


def best_windows(
    connection: Connection, chunk_ids: Sequence[UUID], scheme: str, vector: NDArray[np.float32]
) -> Mapping[UUID, int]:
    """Return the index (from 0) of each chunk's window that is nearest to `vector` (float32[384])."""
    wanted = {"ids": list(chunk_ids), "scheme": scheme, "embedding": HalfVector(vector).to_text()}
    with translated():
        return dict(connection.execute(QUERIES["best_windows"], wanted).fetchall())
