"""Dead letters: URLs and seeds that were given up, with their history, until they are replayed or dropped."""

import json
import re
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from alonchat_crawl.frontier.codec import encode_entry
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Replayed, Transitions, awaited
from alonchat_crawl.sources import Kind, Link

READ_AT_ONCE = 1000
SEED = "seed"
ID = re.compile(r"([0-9]{1,4})/([0-9]{1,19}-[0-9]{1,19})")


@dataclass(frozen=True, slots=True)
class Failure:
    """One attempt that failed."""

    at: datetime
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A URL that was given up, or a seed that could not be used."""

    id: str
    """Unique in the whole frontier: shard, then Redis' id."""
    project: str
    """The project's UUID; empty for a seed."""
    source: str
    """The source's UUID; empty for a seed."""
    url: str
    """Empty for a seed."""
    reason: str
    failures: tuple[Failure, ...]
    """Every attempt, oldest first."""
    seed: str = ""
    """The message as it was found; empty for a URL."""
    details: dict[str, Any] | None = None
    """What else is kept to replay it."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters are meant: those to which all of it applies; empty text applies to all."""

    project: str = ""
    source: str = ""
    reason: str = ""

    def matches(self, letter: DeadLetter) -> bool:
        """Whether a letter is meant."""
        wanted = (self.project, self.source, self.reason)
        has = (letter.project, letter.source, letter.reason)
        return all(not want or want == own for want, own in zip(wanted, has, strict=True))


async def bury_message(
    queue: FrontierQueue, kind: str, key: str, raw: bytes, reason: str, detail: str
) -> str:
    """Keep a message (a `seed` or an `order`) of the list `key`; return the letter's id in the shard."""
    letter = {
        "seed": raw.decode(errors="replace"),
        "message": kind,
        "key": key,
        "failures": [[int(time.time()), reason, detail]],
    }
    transitions = Transitions(queue.redis, queue.keys.prefix)
    letter_id: bytes = await transitions.run("bury", queue.dead_letters_max, reason, json.dumps(letter))
    return letter_id.decode()


class DeadLetters:
    """All dead letters of the frontier. Every method may raise redis.RedisError."""

    def __init__(self, shards: Shards) -> None:
        self._shards = shards

    async def find(self, wanted: Filter) -> AsyncIterator[DeadLetter]:
        """Those that are meant, oldest first; one that is buried after the first was asked for is not."""
        streams = [self._of(queue) for queue in self._shards.queues]
        heads = [(letter, stream) for stream in streams if (letter := await anext(stream, None))]
        while heads:
            letter, stream = oldest = min(heads, key=lambda head: _age_order(head[0]))
            heads.remove(oldest)
            if wanted.matches(letter):
                yield letter
            if following := await anext(stream, None):
                heads.append((following, stream))

    async def get(self, letter_id: str) -> DeadLetter | None:
        """The letter of an id; None where there is none, or none any more."""
        parts = ID.fullmatch(letter_id)
        if parts is None or int(parts[1]) >= len(self._shards.queues):
            return None
        queue = self._shards.queues[int(parts[1])]
        found = await self._read(queue, parts[2], parts[2])
        return _letter(queue.keys.shard, *found[0]) if found else None

    async def _of(self, queue: FrontierQueue) -> AsyncIterator[DeadLetter]:
        newest = cast("Any", await queue.redis.xrevrange(queue.keys.dead, count=1))
        after = "-"
        while newest and (batch := await self._read(queue, after, newest[0][0].decode())):
            for letter_id, fields in batch:
                yield _letter(queue.keys.shard, letter_id, fields)
            after = f"({batch[-1][0].decode()}"

    async def _read(
        self, queue: FrontierQueue, first: str, last: str
    ) -> list[tuple[bytes, dict[bytes, bytes]]]:
        return cast("Any", await queue.redis.xrange(queue.keys.dead, first, last, READ_AT_ONCE))  # type: ignore[no-any-return]

    async def evicted(self) -> int:
        """How many fell out so far, since no more than FRONTIER_DEAD_LETTERS_MAX are kept."""
        counts = [await awaited(queue.redis.get(queue.keys.dead_evicted)) for queue in self._shards.queues]
        return sum(int(count or 0) for count in counts)

    async def drop(self, letters: Sequence[DeadLetter]) -> int:
        """Forget letters; return how many there were."""
        dropped = 0
        for queue, own in self._by_shard(letters):
            ids = [letter.id.split("/")[1] for letter in own]
            dropped += int(await queue.redis.xdel(queue.keys.dead, *ids))
        return dropped

    async def replay(self, letters: Sequence[DeadLetter]) -> list[tuple[DeadLetter, Replayed]]:
        """Give letters a new life: a URL is queued in its source's run, a seed goes back to its list."""
        told: list[tuple[DeadLetter, Replayed]] = []
        for queue, own in self._by_shard(letters):
            seeds = [letter for letter in own if letter.seed]
            told += [(letter, await self._replay_seed(queue, letter)) for letter in seeds]
            urls = [letter for letter in own if not letter.seed]
            elsewhere = {
                source for source in {letter.source for letter in urls} if await self._moved(queue, source)
            }
            told += [(letter, Replayed.NEWER_CRAWL) for letter in urls if letter.source in elsewhere]
            urls = [letter for letter in urls if letter.source not in elsewhere]
            values = [value for letter in urls for value in _replayed(letter)]
            codes = await Transitions(queue.redis, queue.keys.prefix).run("replay", *values) if urls else ()
            told += [(letter, Replayed(code)) for letter, code in zip(urls, codes, strict=True)]
        return told

    async def _moved(self, queue: FrontierQueue, source: str) -> bool:
        """Whether a source that this shard knows lives in another by now; else it is to stay in this one."""
        known = await queue.redis.exists(queue.keys.source(UUID(source)))
        return bool(known) and await self._shards.claim(queue, UUID(source)) is not queue

    async def _replay_seed(self, queue: FrontierQueue, letter: DeadLetter) -> Replayed:
        assert letter.details is not None  # noqa: S101 - a seed's letter has them
        if letter.details["message"] != SEED:
            return Replayed.ORDER
        await awaited(queue.redis.lpush(letter.details["key"], letter.seed))
        removed = await queue.redis.xdel(queue.keys.dead, letter.id.split("/")[1])
        return Replayed.QUEUED if removed else Replayed.LETTER_UNKNOWN

    def _by_shard(self, letters: Sequence[DeadLetter]) -> list[tuple[FrontierQueue, list[DeadLetter]]]:
        parted: dict[int, list[DeadLetter]] = {}
        for letter in letters:
            parted.setdefault(int(letter.id.split("/")[0]), []).append(letter)
        return [(self._shards.queues[shard], own) for shard, own in parted.items()]


def _age_order(letter: DeadLetter) -> tuple[int, ...]:
    return tuple(map(int, letter.id.split("/")[1].split("-")))


def _letter(shard: int, letter_id: bytes, fields: dict[bytes, bytes]) -> DeadLetter:
    details = json.loads(fields[b"letter"])
    return DeadLetter(
        id=f"{shard}/{letter_id.decode()}",
        project=fields[b"project"].decode(),
        source=fields[b"source"].decode(),
        url=fields[b"url"].decode(),
        reason=fields[b"reason"].decode(),
        failures=tuple(
            Failure(datetime.fromtimestamp(at, UTC), reason, detail)
            for at, reason, detail in details["failures"]
        ),
        seed=details.get("seed", ""),
        details=details,
    )


def _replayed(letter: DeadLetter) -> tuple[str | bytes, ...]:
    assert letter.details is not None  # noqa: S101 - a URL's letter has them
    kept = letter.details
    entry = encode_entry(Link(letter.url, Kind(kept["kind"]), kept["depth"], kept["hops"]))
    return letter.id.split("/")[1], letter.source, kept["crawl"], kept["domain"], letter.reason, entry
