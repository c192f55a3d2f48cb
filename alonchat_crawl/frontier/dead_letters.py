"""Dead letters: URLs and seeds that were given up, with their history, until they are replayed or dropped."""

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
from alonchat_crawl.servers.damaged_keys import NAME
from alonchat_crawl.sources import Kind, Link

READ_AT_ONCE = 100
SHOWN_BYTES = 500
"""Of each field of a letter that cannot be read."""
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
    """The message as it was found, or its head; empty for a URL."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What else is kept to replay it."""
    can_be_replayed: Replayed = Replayed.QUEUED
    """Else why it never can: its message was too long to be kept, it is an order, it cannot be read."""


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
    queue: FrontierQueue, kind: str, key: str, message: Message, reason: Reason, detail: str
) -> str:
    """Keep a message (a `seed` or an `order`) of the list `key`; return the letter's id in the shard.

    Only its head and its digest are kept where it is too long, or where letters fill half of their room: no
    flood of messages is to push others' letters out.
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
    letter_id: bytes = await queue.run("bury", reason.encode(), *forms)
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
        last, after = newest[0][0] if newest else b"", "-"
        while last and (batch := await self._read(queue, after, last.decode())):
            for letter_id, fields in batch:
                yield _letter(queue.keys.shard, letter_id, fields)
            last = b"" if batch[-1][0] == last else last  # nothing comes after the highest of all ids
            after = f"({batch[-1][0].decode()}"

    async def _read(
        self, queue: FrontierQueue, first: str, last: str
    ) -> list[tuple[bytes, dict[bytes, bytes]]]:
        return cast("Any", await queue.redis.xrange(queue.keys.dead, first, last, READ_AT_ONCE))  # type: ignore[no-any-return]

    async def evicted(self) -> int:
        """How many fell out so far, since no more than FRONTIER_DEAD_LETTERS_MAX are kept."""
        counts = [await awaited(queue.redis.get(queue.keys.dead_evicted)) for queue in self._shards.queues]
        return sum(int(count) for count in counts if count and count.isdigit())

    async def drop(self, letters: Sequence[DeadLetter]) -> int:
        """Forget letters; return how many there were."""
        dropped = 0
        for queue, own in self._by_shard(letters):
            dropped += int(await queue.run("drop", *(letter.id.split("/")[1] for letter in own)))
            for letter in own:
                if NAME.fullmatch(
                    aside := str(letter.details.get("aside"))
                ):  # of another slot than the letter
                    await queue.redis.unlink(aside)
        return dropped

    async def replay(self, letters: Sequence[DeadLetter]) -> list[tuple[DeadLetter, Replayed]]:
        """Give letters a new life: a URL is queued in its source's run, a seed goes back to its list."""
        told: list[tuple[DeadLetter, Replayed]] = []
        for queue, every in self._by_shard(letters):
            own = [letter for letter in every if letter.can_be_replayed is Replayed.QUEUED]
            told += [(letter, letter.can_be_replayed) for letter in every if letter not in own]
            seeds = [letter for letter in own if "seed" in letter.details]
            told += [(letter, await self._replay_seed(queue, letter)) for letter in seeds]
            urls = [letter for letter in own if "seed" not in letter.details]
            elsewhere = {
                source for source in {letter.source for letter in urls} if await self._moved(queue, source)
            }
            told += [(letter, Replayed.NEWER_CRAWL) for letter in urls if letter.source in elsewhere]
            urls = [letter for letter in urls if letter.source not in elsewhere]
            values = [value for letter in urls for value in _replayed(letter)]
            codes = await queue.run("replay", *values) if urls else ()
            told += [(letter, Replayed(code)) for letter, code in zip(urls, codes, strict=True)]
        return told

    async def _moved(self, queue: FrontierQueue, source: str) -> bool:
        """Whether a source that this shard knows lives in another by now; else it is to stay in this one."""
        known = await queue.redis.exists(queue.keys.source(UUID(source)))
        return bool(known) and await self._shards.claim(queue, UUID(source)) is not queue

    async def _replay_seed(self, queue: FrontierQueue, letter: DeadLetter) -> Replayed:
        await awaited(queue.redis.lpush(letter.details["key"], letter.seed))
        removed = await queue.run("drop", letter.id.split("/")[1])
        return Replayed.QUEUED if removed else Replayed.LETTER_UNKNOWN

    def _by_shard(self, letters: Sequence[DeadLetter]) -> list[tuple[FrontierQueue, list[DeadLetter]]]:
        parted: dict[int, list[DeadLetter]] = {}
        for letter in letters:
            parted.setdefault(int(letter.id.split("/")[0]), []).append(letter)
        return [(self._shards.queues[shard], own) for shard, own in parted.items()]


def _age_order(letter: DeadLetter) -> tuple[int, ...]:
    return tuple(map(int, letter.id.split("/")[1].split("-")))


def _letter(shard: int, letter_id: bytes, fields: Mapping[bytes, bytes]) -> DeadLetter:
    """The letter; one that cannot be read is shown as far as it goes, and can be dropped."""
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
    fate = _fate(source, url, details)
    return DeadLetter(name, project, source, url, reason, failures, seed or head, details, fate)


def _fate(source: str, url: str, details: Mapping[str, Any]) -> Replayed:
    """Whether a letter can be replayed; raises one of UNREADABLE for what is no letter."""
    if "message" in details:
        if details["message"] != SEED:
            return Replayed.ORDER
        whole = isinstance(details["key"], str) and "seed" in details
        return Replayed.QUEUED if whole else Replayed.TOO_LONG if "head" in details else Replayed.UNREADABLE
    if "kind" not in details:
        return Replayed.UNREADABLE  # what was set aside
    UUID(source)
    Link(url, Kind(details["kind"]), int(details["depth"]), int(details["hops"]))
    if not all(isinstance(details[name], str) for name in ("crawl", "domain")):
        raise TypeError
    return Replayed.QUEUED


def _moment(seconds: float) -> datetime:
    """A time that is out of every calendar is the beginning of time."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def _replayed(letter: DeadLetter) -> tuple[str | bytes, ...]:
    kept = letter.details
    entry = encode_entry(Link(letter.url, Kind(kept["kind"]), kept["depth"], kept["hops"]))
    return letter.id.split("/")[1], letter.source, kept["crawl"], kept["domain"], letter.reason, entry
