"""Every named statement, with the values that tenant 0 would send, and how many rows it may read."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import md5
from typing import Any
from uuid import UUID, uuid4

from pgvector import HalfVector
from psycopg.types.json import Jsonb

from tests.support.growth import CHUNKS, name_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PROJECT, SOURCE, CRAWL, PAGE = (name_of(kind, 0) for kind in ("project", "source", "crawl", "page"))
IDS = [name_of("chunk", f"0/{position}") for position in range(CHUNKS)]
KEYS = [md5(text.encode(), usedforsecurity=False).digest()
        for text in ("chunk0/0", "chunk0/1", "new", "everywhere")]  # fmt: skip
VECTOR = [1.0] * 384

VALUES: Mapping[str, Any] = {
    "project_id": PROJECT, "source_id": SOURCE, "crawl_id": CRAWL, "page_id": PAGE, "scheme": "test/1",
    "embedding_scheme": "test/1", "ids": IDS, "keys": KEYS, "name": "project 0", "kind": "website",
    "url": "https://0.example/0", "options": Jsonb({}), "counts": Jsonb({}), "error": "",
    "status": "completed", "unreached_are_gone": True,
    "content_sha256": md5(b"text0", usedforsecurity=False).digest(), "etag": '"1"',
    "last_modified": None, "links": [], "extraction": 0, "fetched_at": NOW, "title": "",
    "description": "", "language": "en", "content_type": "documentation", "published_at": None,
    "modified_at": None, "low_quality": False, "removed": Jsonb({}), "signals": Jsonb({}),
    "projects": [PROJECT], "pages": [PAGE], "only": PROJECT, "count": 10,
    "embedding": HalfVector(VECTOR).to_text(), "text": "common word7 name10x1", "source_ids": None,
    "content_types": None, "languages": None, "since": None, "neighbours": 2, "max_days": 36500,
    "rules": ["0.example"], "after": None, "after_source": UUID(int=0), "most": 1000,
    "first": UUID(PROJECT.hex[:8].ljust(32, "0")), "last": UUID(PROJECT.hex[:8].ljust(32, "f")),
}  # fmt: skip

_NEW = [uuid4(), IDS[0]]
_OWNERS = {"projects": [PROJECT] * 2, "sources": [SOURCE] * 2}
OTHERWISE: Mapping[str, Mapping[str, Any]] = {
    # Where the same name stands for something else.
    "add_project": {"project_id": uuid4()},
    "begin_source": {"crawl_id": uuid4()},
    "move_chunks": {
        "positions": [0] * CHUNKS, "starts": [0] * CHUNKS, "ends": [1] * CHUNKS,
        "content_types": ["documentation"] * CHUNKS,
    },
    "delete_chunks": {"ids": IDS[:2]},
    "insert_chunks": _OWNERS | {
        "ids": _NEW, "pages": [PAGE] * 2, "positions": [0, 1], "starts": [0] * 2, "ends": [1] * 2,
        "titles": [""] * 2, "headings": [""] * 2, "contents": ["a", "b"],
        "content_types": ["documentation"] * 2, "tokens": [1] * 2, "keys": KEYS[:2], "sketches": [0] * 2,
    },
    "insert_embeddings": _OWNERS | {
        "chunks": [IDS[0]] * 2, "windows": [0, 9], "vectors": [HalfVector(VECTOR)] * 2,
    },
    "has_validators": {"crawl_id": uuid4()},
    "unembedded_chunks": {"after": UUID(int=0), "scheme": "test/2"},
}  # fmt: skip


def values_of(name: str) -> Mapping[str, Any]:
    """Return what a statement is sent."""
    return {**VALUES, **OTHERWISE.get(name, {})}


FEW = 100
"""Rows that a statement may read in all, whatever is stored."""
ALL_OWN = 5
"""Times that it may read the project's rows: what it is asked concerns them all."""
READS_ALL_OWN: Mapping[str, str] = {
    "finish_source": "once a run: which of its pages were not seen",
    "delete_squatted_pages": "once for a source that another project had: its pages, a hundred at a time",
    "has_validators": "once a run, until one is found",
    "projects": "an operator's list: it counts",
    "unembedded_chunks": "embedding anew: a batch in the order of an index, or sorted",
    "serve_scheme": "embedding anew: whether none is missing",
    "is_served": "embedding anew: whether none is missing",
    "rename_scheme_of_pages": "embedding anew: every page",
    "delete_other_schemes": "embedding anew: every window of another scheme",
    "match_chunks": "compares with every window, exactly",
}
