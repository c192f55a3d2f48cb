"""Hybrid search in one project's chunks."""

from dataclasses import dataclass
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
    """A chunk that answers, and where it stands."""

    chunk_id: UUID
    page_id: UUID
    source_id: UUID
    url: str
    title: str
    heading_path: tuple[str, ...]
    content: str
    content_type: str
    score: float
    """Sum of reciprocal ranks: at most 2/61, greater is better; comparable within one search only."""
    similarity: float | None
    """Cosine of the chunk's best window, -1 to 1; None where only the words matched."""


def project_state(connection: Connection, project_id: UUID) -> tuple[bool, bool]:
    """Return whether the project exists, and whether anything of it can be searched."""
    with translated():
        found = connection.execute(QUERIES["project_state"], {"project_id": project_id}).fetchone()
    return (found[0], found[1]) if found else (False, False)


def search(
    connection: Connection, project_id: UUID, vector: NDArray[np.float32], text: str, count: int
) -> list[Hit]:
    """Return at most `count` chunks, the best first; `vector` (float32[384]) embeds `text`."""
    wanted = {
        "project_id": project_id,
        "embedding": HalfVector(vector).to_text(),
        # Neither can be sent, and neither matters to a search.
        "text": text.replace("\0", " ").encode(errors="replace").decode(),
        "count": count,
    }
    with translated(), connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(QUERIES["match_chunks"], wanted).fetchall()
    return [Hit(**row | {"heading_path": tuple(row["heading_path"])}) for row in rows]
