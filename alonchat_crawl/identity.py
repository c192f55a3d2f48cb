"""Deterministic ids: the same page always has the same row, so that storing is an upsert."""

from uuid import UUID, uuid5

NAMESPACE = UUID("9d2cf7a4-5f0f-4d0e-9c0b-0f5c6f1b7a11")


def as_uuid(name: str, parent: UUID = NAMESPACE) -> UUID:
    """Return `name` itself where it is a UUID, else the UUIDv5 of it under `parent` (RFC 9562, 5.5)."""
    try:
        return UUID(name)
    except ValueError:
        return uuid5(parent, name)


def page_id(source_id: UUID, url: str) -> UUID:
    """The id of the page at a canonical URL of a source."""
    return uuid5(source_id, url)


def chunk_id(page: UUID, position: int) -> UUID:
    """The id of the chunk at a 0-based position of a page."""
    return uuid5(page, str(position))
