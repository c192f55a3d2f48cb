"""The validators of stored pages, with which a site can answer that a page has not changed (304)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alonchat_crawl.extract import EXTRACTION_VERSION
from alonchat_crawl.identity import page_id
from alonchat_crawl.sources import Source
from alonchat_crawl.storage.pool import Pool, records, rowcount, scalar


@dataclass(frozen=True, slots=True)
class Validators:
    """A stored page as it was last fetched, with an etag, a last_modified, or both."""

    page_id: UUID
    etag: str | None
    """As sent; None if there was none."""
    last_modified: str | None
    """As sent; None if there was none."""
    embedding_scheme: str
    fetched_at: datetime
    """UTC, aware."""
    links: Sequence[str]
    """Canonical URLs of the links that may be followed."""


async def has_validators(pool: Pool, source: Source, scheme: str) -> bool:
    """Return whether `find_validators` may find anything. False stays valid for the whole run."""
    asked = {"source_id": source.source_id, "crawl_id": source.crawl_id, "embedding_scheme": scheme}
    return bool(await scalar(pool, "has_validators", **asked))


async def find_validators(
    pool: Pool, source_id: UUID, url: str, scheme: str, max_days: int
) -> Validators | None:
    """Return the validators of the page stored under a canonical URL, or None.

    None if there is no such page, it is gone, it has no validator, it was extracted or embedded in another
    way, its links were not kept, or its whole text was last fetched more than `max_days` ago.
    """
    found = await records(
        pool,
        Validators,
        "find_validators",
        page_id=page_id(source_id, url),
        embedding_scheme=scheme,
        extraction=EXTRACTION_VERSION,
        max_days=max_days,
    )
    return found[0] if found else None


async def note_unchanged(pool: Pool, stored: Validators, crawl_id: UUID, seen_at: datetime) -> bool:
    """Note that a run found the page unchanged; False if another version is stored by now."""
    noted = await rowcount(
        pool,
        "note_unchanged",
        page_id=stored.page_id,
        etag=stored.etag,
        last_modified=stored.last_modified,
        embedding_scheme=stored.embedding_scheme,
        crawl_id=crawl_id,
        fetched_at=seen_at,
    )
    return noted == 1
