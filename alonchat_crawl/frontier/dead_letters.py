"""Dead letters: URLs and seeds that were given up. They are kept until they are replayed or dropped."""

import json
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from alonchat_crawl.errors import Unreadable
from alonchat_crawl.frontier.codec import encode_entry, readable
from alonchat_crawl.frontier.messages import NOT_A_LIST, Message
from alonchat_crawl.frontier.queue import DETAIL_MAX_CHARS, FrontierQueue
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Replayed, awaited
from alonchat_crawl.reasons import Reason
from alonchat_crawl.redis_keys import is_set_aside
from alonchat_crawl.sources import Kind, Link

READ_AT_ONCE = 100
SHOWN_BYTES = 500
"""How much of each field is shown of a letter that cannot be read."""
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
    """Unique in the whole frontier: `shard/stream id`."""
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
    """The seed message, or its first bytes if it was too long; empty for a URL."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """The letter's other values, which a replay needs."""
    can_be_replayed: Replayed = Replayed.QUEUED
    """QUEUED, or why it can never be replayed: too long, an order, or unreadable."""


ReplayResult = tuple[DeadLetter, Replayed]
"""A letter, and how its replay ended."""


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Selects the letters that match all three fields. An empty field matches every letter."""

    project: str = ""
    source: str = ""
    reason: str = ""

    def matches(self, letter: DeadLetter) -> bool:
        wanted = (self.project, self.source, self.reason)
        has = (letter.project, letter.source, letter.reason)
        return all(not want or want == own for want, own in zip(wanted, has, strict=True))


async def bury_message(
    queue: FrontierQueue, kind: str, key: str, message: Message, reason: Reason, detail: str
) -> str:
    """Keep a message (a `seed` or an `order`) of the list `key`; return the letter's id in the shard.

    If the message is too long, or if letters already fill half of the room for them, only its first bytes and
    its digest are kept: a flood of messages must not push out the letters of others.
    """
    detail = detail[:DETAIL_MAX_CHARS]
    letter = {"message": kind, "key": key, "failures": [[int(time.time()), reason, detail]]}
    kept: dict[str, Any] = {
        "head": message.head.decode(errors="replace"), "bytes": message.length, "sha1": message.digest
    }  # fmt: skip
    if message.length == NOT_A_LIST:
        kept = {"aside": message.digest}
    forms = [json.dumps(letter | kept)]
    if message.whole is not None:
        forms.insert(0, json.dumps(letter | {"seed": message.whole.decode(errors="replace")}))
    letter_id: bytes = await queue.run("bury_message", reason.encode(), *forms)
    return letter_id.decode()


class DeadLetters:
    """All dead letters of the frontier. Its methods raise redis.RedisError."""

    def __init__(self, shards: Shards) -> None:
        self._shards = shards

    async def find(self, wanted: LetterFilter) -> AsyncIterator[DeadLetter]:
        """Yield the wanted letters, oldest first. Letters that are added meanwhile are not among them."""
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
        """Return a letter; None if it does not exist, or no longer."""
        parts = ID.fullmatch(letter_id)
        if parts is None or int(parts[1]) >= len(self._shards.queues):
            return None
        queue = self._shards.queues[int(parts[1])]
        found = await self._read(queue, parts[2], parts[2])
        return _letter(queue.keys.shard, *found[0]) if found else None

    async def _of(self, queue: FrontierQueue) -> AsyncIterator[DeadLetter]:
        newest = cast("Any", await queue.redis.xrevrange(queue.keys.dead, count=1))
        last, after = newest[0][0] if newest else b"", "-"
        while last and (batch := await self._read(queue, after, last.decode())):
            for letter_id, fields in batch:
                yield _letter(queue.keys.shard, letter_id, fields)
            last = b"" if batch[-1][0] == last else last  # nothing comes after the last id
            after = f"({batch[-1][0].decode()}"

    async def _read(
        self, queue: FrontierQueue, first: str, last: str
    ) -> list[tuple[bytes, dict[bytes, bytes]]]:
        return cast("Any", await queue.redis.xrange(queue.keys.dead, first, last, READ_AT_ONCE))  # type: ignore[no-any-return]

    async def evicted(self) -> int:
        """How many letters were evicted so far, to stay within FRONTIER_DEAD_LETTERS_MAX and …_MAX_BYTES."""
        counts = [await awaited(queue.redis.get(queue.keys.dead_evicted)) for queue in self._shards.queues]
        return sum(int(count) for count in counts if count and count.isdigit())

    async def drop(self, letters: Sequence[DeadLetter]) -> int:
        """Delete letters; return how many existed."""
        dropped = 0
        for queue, own in self._by_shard(letters):
            dropped += int(await queue.run("drop_letters", *(letter.id.split("/")[1] for letter in own)))
            for letter in own:
                aside = str(letter.details.get("aside"))
                if is_set_aside(aside):  # perhaps in another cluster slot, which the script cannot reach
                    await queue.redis.unlink(aside)
        return dropped

    async def replay(self, letters: Sequence[DeadLetter]) -> list[ReplayResult]:
        """Replay letters: a URL is queued again in its source's run, a seed goes back to its list."""
        results: list[ReplayResult] = []
        for queue, own in self._by_shard(letters):
            whole = [letter for letter in own if letter.can_be_replayed is Replayed.QUEUED]
            results += [(letter, letter.can_be_replayed) for letter in own if letter not in whole]
            for letter in whole:
                if "seed" in letter.details:
                    results.append((letter, await self._replay_seed(queue, letter)))
            results += await self._replay_urls(queue, [one for one in whole if "seed" not in one.details])
        return results

    async def _replay_urls(self, queue: FrontierQueue, letters: Sequence[DeadLetter]) -> list[ReplayResult]:
        """Queue URLs again in the shard that keeps their letters.

        If the source has moved to another shard, its newer crawl finds the URLs by itself.
        """
        sources = {letter.source for letter in letters}
        moved = {source for source in sources if await self._moved(queue, source)}
        results = [(letter, Replayed.NEWER_CRAWL) for letter in letters if letter.source in moved]
        here = [letter for letter in letters if letter.source not in moved]
        values = [value for letter in here for value in _replay_arguments(letter)]
        codes = await queue.run("replay", *values) if here else ()
        return results + [(letter, Replayed(code)) for letter, code in zip(here, codes, strict=True)]

    async def _moved(self, queue: FrontierQueue, source: str) -> bool:
        """Whether a source that this shard knows lives in another now. If it lives in none, claim it here."""
        known = await queue.redis.exists(queue.keys.source(UUID(source)))
        return bool(known) and await self._shards.claim(queue, UUID(source)) is not queue

    async def _replay_seed(self, queue: FrontierQueue, letter: DeadLetter) -> Replayed:
        await awaited(queue.redis.lpush(letter.details["key"], letter.seed))
        removed = await queue.run("drop_letters", letter.id.split("/")[1])
        return Replayed.QUEUED if removed else Replayed.LETTER_UNKNOWN

    def _by_shard(self, letters: Sequence[DeadLetter]) -> list[tuple[FrontierQueue, list[DeadLetter]]]:
        parted: dict[int, list[DeadLetter]] = {}
        for letter in letters:
            parted.setdefault(int(letter.id.split("/")[0]), []).append(letter)
        return [(self._shards.queues[shard], own) for shard, own in parted.items()]


def _age_order(letter: DeadLetter) -> tuple[int, ...]:
    return tuple(map(int, letter.id.split("/")[1].split("-")))


def _letter(shard: int, letter_id: bytes, fields: Mapping[bytes, bytes]) -> DeadLetter:
    """Decode a letter. If it cannot be read, return what can be shown, so that it can be dropped."""
    known_as = f"{shard}/{letter_id.decode()}"
    try:
        with readable(f"dead letter {known_as}"):
            return _read_letter(known_as, fields)
    except Unreadable as error:
        shown = {
            name.decode(errors="replace"): value[:SHOWN_BYTES].decode(errors="replace")
            for name, value in fields.items()
        }
        return DeadLetter(
            id=known_as,
            project=shown.get("project", ""),
            source=shown.get("source", ""),
            url=shown.get("url", ""),
            reason=error.reason,
            failures=(Failure(_moment(int(letter_id.split(b"-")[0]) / 1000), error.reason, error.detail),),
            details={"found": shown},
            can_be_replayed=Replayed.UNREADABLE,
        )


def _read_letter(name: str, fields: Mapping[bytes, bytes]) -> DeadLetter:
    details = json.loads(fields[b"letter"].decode(errors="replace"))
    if aside := fields.get(b"aside"):
        details["aside"] = aside.decode(errors="replace")
    history = ((_moment(at), str(reason), str(detail)) for at, reason, detail in details["failures"])
    failures = tuple(Failure(*one) for one in history)
    if not failures:
        raise ValueError
    project, source, url, reason = (
        fields[field].decode(errors="replace") for field in (b"project", b"source", b"url", b"reason")
    )
    seed, head = details.get("seed", ""), details.get("head", "")
    if not isinstance(seed, str) or not isinstance(head, str):
        raise TypeError
    can_be_replayed = _can_be_replayed(source, url, details)
    return DeadLetter(name, project, source, url, reason, failures, seed or head, details, can_be_replayed)


def _can_be_replayed(source: str, url: str, details: Mapping[str, Any]) -> Replayed:
    """Whether a letter can be replayed. Raises one of `codec.UNREADABLE` if it is no letter."""
    if "message" in details:
        if details["message"] != SEED:
            return Replayed.ORDER
        whole = isinstance(details["key"], str) and "seed" in details
        return Replayed.QUEUED if whole else Replayed.TOO_LONG if "head" in details else Replayed.UNREADABLE
    if "kind" not in details:
        return Replayed.UNREADABLE  # something that was set aside
    UUID(source)
    Link(url, Kind(details["kind"]), int(details["depth"]), int(details["hops"]))
    if not all(isinstance(details[name], str) for name in ("crawl", "domain")):
        raise TypeError
    return Replayed.QUEUED


def _moment(seconds: float) -> datetime:
    """The time; 1970 if the number is out of range."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def _replay_arguments(letter: DeadLetter) -> tuple[str | bytes, ...]:
    kept = letter.details
    entry = encode_entry(Link(letter.url, Kind(kept["kind"]), kept["depth"], kept["hops"]))
    return letter.id.split("/")[1], letter.source, kept["crawl"], kept["domain"], letter.reason, entry
