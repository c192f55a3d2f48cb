"""Ids computed from what they name. The same page always has the same row, so storing is an upsert."""

from collections.abc import Iterable
from hashlib import sha256
from uuid import UUID, uuid5

NAMESPACE = UUID("9d2cf7a4-5f0f-4d0e-9c0b-0f5c6f1b7a11")


def as_uuid(name: str, parent: UUID = NAMESPACE) -> UUID:
    """Return `name` itself if it is a UUID, else its UUIDv5 under `parent` (RFC 9562, 5.5)."""
    try:
        return UUID(name)
    except ValueError:
        return uuid5(parent, name)


def page_id(source_id: UUID, url: str) -> UUID:
    """The id of the page at a canonical URL of a source."""
    return uuid5(source_id, url)


def text_key(title: str, heading_path: Iterable[str], content: str) -> bytes:
    """SHA-256 (32 bytes) of all that is embedded of a chunk."""
    headings = "\x1f".join((title, *heading_path))
    return sha256(f"{headings}\x1e{content}".encode()).digest()


def chunk_id(page: UUID, key: bytes, repeats: int) -> UUID:
    """The id of a page's chunk; `repeats` says how many chunks before it have the same `text_key`.

    It does not depend on the chunk's position: a paragraph inserted above does not change the ids below.
    """
    return uuid5(page, f"{key.hex()}/{repeats}")
