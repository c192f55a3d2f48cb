"""Look at what was given up; give it a new life, or forget it."""

from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from alonchat_crawl.control.closing import close_or_set_aside
from alonchat_crawl.errors import Unreadable
from alonchat_crawl.frontier.dead_letters import DeadLetter, DeadLetters, LetterFilter
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Replayed
from alonchat_crawl.storage.pool import Pool
from alonchat_crawl.storage.sources import reopen_crawl

AT_ONCE = 100
"""Replayed in one call: some milliseconds of Redis' time."""


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest dead letters of those that are meant."""

    letters: tuple[DeadLetter, ...]
    """The newest last."""
    meant: int
    total: int
    evicted: int
    """How many older ones fell out, since only so many are kept."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Some of the letters that are meant."""

    letters: tuple[DeadLetter, ...]
    missing: tuple[str, ...] = ()
    """Ids that are none of them."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of letters that were to be replayed."""

    codes: Mapping[Replayed, int]
    unreadable: tuple[str, ...]
    """A sentence for each source that cannot be read, and so was not noted as running again."""


async def newest(shards: Shards, wanted: LetterFilter, most: int) -> Newest:
    """Count all letters, and those that are meant; return the newest of these."""
    letters, meant, total = DeadLetters(shards), 0, 0
    kept: deque[DeadLetter] = deque(maxlen=most)
    async for letter in letters.find(LetterFilter()):
        total += 1
        if wanted.matches(letter):
            meant += 1
            kept.append(letter)
    return Newest(tuple(kept), meant, total, await letters.evicted())


async def chosen(shards: Shards, ids: Sequence[str], wanted: LetterFilter) -> AsyncIterator[Chosen]:
    """Yield the letters with these ids, or all if none are given, that are meant; AT_ONCE at a time."""
    letters = DeadLetters(shards)
    if ids:
        found = {letter_id: await letters.get(letter_id) for letter_id in ids}
        those = {name: one for name, one in found.items() if one is not None and wanted.matches(one)}
        yield Chosen(tuple(those.values()), tuple(name for name in ids if name not in those))
        return
    batch: list[DeadLetter] = []
    async for letter in letters.find(wanted):
        batch.append(letter)
        if len(batch) == AT_ONCE:
            yield Chosen(tuple(batch))
            batch = []
    if batch:
        yield Chosen(tuple(batch))


async def drop(shards: Shards, letters: Sequence[DeadLetter]) -> int:
    """Forget letters; return how many there were."""
    return await DeadLetters(shards).drop(letters)


async def replay(shards: Shards, pool: Pool, letters: Sequence[DeadLetter]) -> Replay:
    """Queue URLs again in their sources' runs, which go on; push seeds back to their lists."""
    told = await DeadLetters(shards).replay(letters)
    unreadable = []
    for source in sorted({letter.source for letter, code in told if code is Replayed.QUEUED} - {""}):
        try:
            await reopen(shards, pool, UUID(source))
        except Unreadable as error:  # the others are reopened all the same
            unreadable.append(error.detail)
    return Replay(Counter(code for _, code in told), tuple(unreadable))


async def reopen(shards: Shards, pool: Pool, source_id: UUID) -> None:
    """Note in Postgres that the source runs again; if it is done by then, that it has ended again.

    Not noted before: if this process were killed in between, nobody would ever write its end.
    """
    if (found := await shards.find(source_id)) is None:
        return
    queue, progress = found
    await reopen_crawl(pool, progress.source)
    now = await queue.progress(source_id)
    if now is not None and now.state in {"completed", "cancelled"}:
        await close_or_set_aside(shards, queue, pool, source_id)
