"""List, replay or drop dead letters: URLs and messages that were given up."""

from collections import Counter, deque
from collections.abc import AsyncIterator, Collection, Sequence
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
"""Letters replayed in one call, which takes some milliseconds of Redis' time."""


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest of the letters that match a filter."""

    letters: Collection[DeadLetter]
    """The newest last."""
    matching: int
    total: int
    evicted: int
    """Older letters that were pushed out, since only so many are kept."""


async def newest(shards: Shards, wanted: LetterFilter, most: int) -> Newest:
    """Count all letters and those that are wanted; return at most so many of these."""
    letters, matching, total = DeadLetters(shards), 0, 0
    kept: deque[DeadLetter] = deque(maxlen=most)
    async for letter in letters.find(LetterFilter()):
        total += 1
        if wanted.matches(letter):
            matching += 1
            kept.append(letter)
    return Newest(kept, matching, total, await letters.evicted())


async def chosen(
    shards: Shards, ids: Sequence[str], wanted: LetterFilter
) -> AsyncIterator[tuple[list[DeadLetter], list[str]]]:
    """Yield wanted letters, AT_ONCE at a time: those with the given ids, or all if no id is given.

    With them come the ids that none of the wanted letters has.
    """
    letters = DeadLetters(shards)
    if ids:
        found = {letter_id: await letters.get(letter_id) for letter_id in ids}
        those = {name: one for name, one in found.items() if one is not None and wanted.matches(one)}
        yield list(those.values()), [name for name in found if name not in those]
        return
    batch: list[DeadLetter] = []
    async for letter in letters.find(wanted):
        batch.append(letter)
        if len(batch) == AT_ONCE:
            yield batch, []
            batch = []
    yield batch, []


async def drop(shards: Shards, letters: Sequence[DeadLetter]) -> int:
    """Forget letters; return how many there were."""
    return await DeadLetters(shards).drop(letters)


async def replay(
    shards: Shards, pool: Pool, letters: Sequence[DeadLetter]
) -> tuple[Counter[Replayed], list[str]]:
    """Queue URLs again in their sources' runs, which go on; push seeds back to their lists.

    Returns how many letters ended in which way, and a sentence for each source that cannot be read: Postgres
    was not told that it runs again.
    """
    told = await DeadLetters(shards).replay(letters)
    unreadable = []
    for source in sorted({letter.source for letter, code in told if code is Replayed.QUEUED} - {""}):
        try:
            await reopen(shards, pool, UUID(source))
        except Unreadable as error:  # the others are reopened all the same
            unreadable.append(error.detail)
    return Counter(code for _, code in told), unreadable


async def reopen(shards: Shards, pool: Pool, source_id: UUID) -> None:
    """Write to Postgres that the source runs again; if its crawl has ended by then, write that as well.

    Call it after the replay: were this process killed before that, nobody would ever write the source's end.
    """
    if (found := await shards.find(source_id)) is None:
        return
    queue, progress = found
    await reopen_crawl(pool, progress.source)
    now = await queue.progress(source_id)
    if now is not None and now.state in {"completed", "cancelled"}:
        await close_or_set_aside(shards, queue, pool, source_id)
