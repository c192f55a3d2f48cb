"""List the sources that the frontier works on, show one, or set aside one that cannot be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from alonchat_crawl.control.verbs.errors import NotFoundError, NotPossibleError
from alonchat_crawl.errors import Unreadable
from alonchat_crawl.frontier.lanes import Lanes
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.view import Wait
from alonchat_crawl.sources import SourceProgress
from alonchat_crawl.storage.pool import Pool
from alonchat_crawl.storage.sources import SourceRecord, read_source


@dataclass(frozen=True, slots=True)
class Unread:
    """Messages of one kind, in all its lists, that no worker has acted on yet."""

    kind: str
    """`seeds` or `orders`."""
    count: int
    not_lists: tuple[str, ...]
    """Keys of another Redis type, so that nothing can be read from them."""


@dataclass(frozen=True, slots=True)
class SourceView:
    """All that is known of a source. It has a record, progress, or both."""

    record: SourceRecord | None
    progress: SourceProgress | None
    waits: tuple[Wait, ...]
    """What each of its domains waits for."""


async def list_sources(
    shards: Shards, project_id: UUID | None = None
) -> Mapping[UUID, SourceProgress | Unreadable]:
    """The sources that the frontier works on, of all projects or of one; the oldest come first.

    Sources that cannot be read are always among them: nobody knows whose they are.
    """
    found = {
        source_id: one
        for source_id, one in (await shards.progresses()).items()
        if isinstance(one, Unreadable) or project_id in {None, one.source.project_id}
    }
    return dict(sorted(found.items(), key=lambda item: (_began(item[1]), str(item[0]))))


def _began(one: SourceProgress | Unreadable) -> float:
    return 0.0 if isinstance(one, Unreadable) or one.started_at is None else one.started_at.timestamp()


async def unread_messages(
    redis: Redis, kind: str, keys: Sequence[str], project_id: UUID | None = None
) -> Unread:
    """Count the messages in all lists of a kind; with `project_id`, those of that project.

    A message's project is known as soon as a worker has sorted it.
    """
    count, not_lists = 0, []
    for key in keys:
        try:
            count += await Lanes(redis, key).waiting(project_id)
        except ResponseError:
            not_lists.append(key)
    return Unread(kind, count, tuple(not_lists))


async def show_source(
    shards: Shards, pool: Pool, source_id: UUID, project_id: UUID | None = None
) -> SourceView:
    """Look at one source in Redis and in Postgres. Raises NotFoundError if neither knows it."""
    found = await shards.find(source_id, project_id)
    record = await read_source(pool, source_id)
    if record and project_id not in {None, record.project_id}:
        record = None
    if found is None and record is None:
        raise NotFoundError(f"There is no source {source_id}.")
    waits = await found[0].waits(source_id) if found else ()
    return SourceView(record, found[1] if found else None, tuple(waits))


async def drop_source(shards: Shards, source_id: UUID, project_id: UUID | None = None) -> None:
    """Set aside a source that cannot be read, as a dead letter.

    Raises NotPossibleError for one that can be, NotFoundError for one that the frontier does not know.
    """
    try:
        found = await shards.find(source_id, project_id)
    except Unreadable as error:
        await shards.set_aside(source_id, error.detail)
        return
    if found is not None:
        raise NotPossibleError(f"Source {source_id} can be read: cancel it.")
    raise NotFoundError(f"Source {source_id} is not in the frontier.")
