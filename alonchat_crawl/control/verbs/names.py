"""Finds the source or project that a person means: by its id, its name, or the first digits of its id."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from alonchat_crawl.control.verbs.errors import AmbiguousError
from alonchat_crawl.errors import Unreadable
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.storage.blocklist import has_project
from alonchat_crawl.storage.pool import Pool
from alonchat_crawl.storage.projects import projects_between
from alonchat_crawl.storage.sources import read_source, sources_between

Postgres = Callable[[], Awaitable[Pool]]
"""Opens the pool when it is first called: a whole id and most names need no database."""
PREFIX_MIN_DIGITS = 4
"""Fewer digits would fit one of 4,096 sources, or more."""
CANDIDATES = 5
"""Ids that are named if the digits fit several."""
UUID_DIGITS = 32


def span_of(word: str) -> tuple[UUID, UUID] | None:
    """The lowest and the highest UUID that begin with `word`; None if no UUID can."""
    digits = word.lower().replace("-", "")
    if not PREFIX_MIN_DIGITS <= len(digits) < UUID_DIGITS or set(digits) - set("0123456789abcdef"):
        return None
    lowest = UUID(digits.ljust(UUID_DIGITS, "0"))
    if not str(lowest).startswith(word.lower()):
        return None
    return lowest, UUID(digits.ljust(UUID_DIGITS, "f"))


async def find_source_id(
    shards: Shards | None, postgres: Postgres, word: str, parent: UUID, only: UUID | None = None
) -> UUID:
    """The id of the source that is called `word` in the project `parent`, or whose id begins with `word`.

    A name counts before an id's first digits, and so does a word that fits no known source. With `only`, the
    ids of that project's sources alone are compared. Without `shards`, only Postgres is asked. Raises
    AmbiguousError.
    """
    named, span = as_uuid(word, parent), span_of(word)
    if span is None:
        return named
    pool = await postgres()
    if await _is_known(shards, named) or await read_source(pool, named):
        return named
    queues = shards.queues if shards else ()
    set_aside = [one for queue in queues for one in await queue.unreadable_sources()]
    found = {one for one in set_aside if span[0] <= one <= span[1]}
    found.update(await sources_between(pool, *span, CANDIDATES + 1, only))
    return _the_one(word, sorted(found), named)


async def _is_known(shards: Shards | None, source_id: UUID) -> bool:
    try:
        return shards is not None and await shards.find(source_id) is not None
    except Unreadable:
        return True


async def find_project_id(postgres: Postgres, word: str) -> UUID:
    """The id of the project that is called `word`, or whose id begins with it. As for a source."""
    named, span = as_uuid(word), span_of(word)
    if span is None:
        return named
    pool = await postgres()
    if await has_project(pool, named):
        return named
    return _the_one(word, await projects_between(pool, *span, CANDIDATES + 1), named)


def _the_one(word: str, found: Sequence[UUID], otherwise: UUID) -> UUID:
    if len(found) > 1:
        raise AmbiguousError(word, found[:CANDIDATES], more=len(found) > CANDIDATES)
    return found[0] if found else otherwise
