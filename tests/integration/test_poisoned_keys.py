"""Whatever somebody writes into any key of the frontier: other tenants go on, and it can be dropped."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgpack
import pytest
import redis

from alonchat_crawl.control.closing import close_or_set_aside
from alonchat_crawl.control.recovery import recover
from alonchat_crawl.frontier.dead_letters import DeadLetters, LetterFilter, bury_message
from alonchat_crawl.frontier.messages import Message
from alonchat_crawl.frontier.release import Release
from alonchat_crawl.frontier.transitions import Replayed
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.redis_keys import KEYS, RECOVERY_LOCK, SET_ASIDE, Slot
from alonchat_crawl.sources import Ending, Kind, Lease, Link, Source
from tests.integration.conftest import Desk

PREFIX = "f2:{0}"
SEEDS = "website:start_urls"
ROUNDS = 12
WRONG = [b"", b"\xff\xfe\x00", b'{"a": 1}', b"9" * 400, b"-1e308", b"inf", b"nan"]
PACKED: list[bytes] = [
    b"", b"\xc1\xff", b"\x93\x01", b"\xdb\xff\xff\xff\xff", b"\x91" * 10_000, b"x" * 1_000_000,
    *(msgpack.packb(value) for value in (  # type: ignore[no-untyped-call]
        1, None, [], {}, "text", [1, 2, 3], ["a", "b"], [b"\xff", b"\xff", b"\xff"], {"a": [1]},
        [1e308, float("inf"), float("nan"), "/", -1], [1, 1, 99, "/", 0],
        [99, 1, -1, "https://x.example/", 0],
        [1, 1, -1, "https://x.example/", 0, [1]], [1, 1, -1, "https://x.example/", 0, {"a": ["b"]}],
    )),
]  # fmt: skip
Write = Callable[[redis.Redis, str], Any]


def _fields(names: list[str], values: list[bytes]) -> Iterator[tuple[str, Write]]:
    for name in names:
        yield f"{name} missing", lambda client, key, name=name: client.hdel(key, name)  # type: ignore[misc]
        for value in values:
            shown = f"{name}={value[:12]!r}"
            yield shown, lambda client, key, name=name, value=value: client.hset(key, name, value)  # type: ignore[misc]


def _every_field(value: bytes) -> Write:
    def write(client: redis.Redis, key: str) -> None:
        client.hset(key, mapping=dict.fromkeys([*client.hgetall(key), b"\xff\xfe"], value))

    return write


def _every_score(score: float) -> Write:
    def write(client: redis.Redis, key: str) -> None:
        client.zadd(key, dict.fromkeys([*client.zrange(key, 0, -1), b"\xff\xfe", "x" * 9999], score))

    return write


def _of_type(kind: str, values: list[bytes]) -> Iterator[tuple[str, Write]]:
    """What may be written into a key of a type."""
    if kind == "hash":
        yield "more fields", lambda client, key: client.hset(key, mapping=dict(enumerate(PACKED + WRONG)))
        yield from ((f"all={value[:12]!r}", _every_field(value)) for value in values)
    elif kind == "zset":
        yield "more members", lambda client, key: client.zadd(key, dict.fromkeys(PACKED + WRONG, 1))
        for score in (0, float("inf"), float("-inf"), 1e308, -1e308):
            yield f"scores={score}", _every_score(score)
    elif kind == "set":
        yield "more members", lambda client, key: client.sadd(key, *PACKED, *WRONG)
    elif kind == "list":
        yield "more elements", lambda client, key: client.rpush(key, *PACKED, *WRONG)
    elif kind == "string":
        yield from (
            (f"={value[:12]!r}", lambda client, key, value=value: client.set(key, value)) for value in WRONG
        )
    elif kind == "stream":
        for name in ("project", "source", "url", "reason", "letter"):
            yield f"{name} is no text", _letter({name: b"\xff\xfe\x00"})
        for letter in (
            b"[]",
            b"{}",
            b'{"failures": []}',
            b'{"failures": [[1e300, "a", "b"]]}',
            b'{"failures": 1}',
        ):
            yield letter.decode(), _letter({"letter": letter})
        yield "no field", lambda client, key: client.xadd(key, {"a": "b"})
        yield "last id", lambda client, key: client.xadd(key, {"a": "b"}, id=f"{2**64 - 1}-{2**64 - 1}")


def _letter(changed: dict[str, bytes]) -> Write:
    known: dict[Any, Any] = {"project": "", "source": "", "url": "", "reason": "r", "letter": "{}"}
    return lambda client, key: client.xadd(key, known | changed)


def _other_type(client: redis.Redis, key: str) -> None:
    kind = client.type(key)
    client.delete(key)
    client.rpush(key, "x") if kind == b"string" else client.set(key, "x" * 10_000)


def writes(kind: str, family: str) -> Iterator[tuple[str, Write]]:
    """Every poison for a key."""
    yield "other type", _other_type
    yield from _of_type(kind, PACKED if family == "inflight" else WRONG[:4])
    if family == "source:":
        names = [
            "spec",
            "tenant",
            "origins",
            "crawl",
            "step",
            "state",
            "max_pages",
            "pending",
            "leased",
            "seen",
        ]
        yield from _fields(names, WRONG[1:5])
        yield from _fields(["n:stored", "r:refused:x", "started_ms", "first_failure", "ends"], WRONG[1:4])
        yield "short spec", lambda client, key: client.hset(key, "spec", client.hget(key, "spec")[:40])  # type: ignore[index]


FAMILIES = {
    "ready:": "zset", "tenants": "zset", "waiting": "zset", "served": "zset", "clock": "string",
    "domain:": "hash", "site:": "hash", "turns:": "zset", "queue:": "list", "domains:": "set",
    "delayed": "zset", "delayed:": "zset",
    "inflight": "hash", "lease": "zset", "told": "hash", "source:": "hash", "seen:": "set", "running": "set",
    "paused": "set", "completed": "zset", "pending": "string", "sequence": "string", "wake": "list",
    "dead": "stream", "dead_bytes": "string", "dead_evicted": "string", "set_aside": "string",
    "unreadable": "set",
}  # fmt: skip
"""A shard's keys by their names; a colon where a source, a tenant or a domain follows."""


class Crawl:
    """Two tenants: what is poisoned is the first one's, or the shard's own; the second must not notice."""

    def __init__(self, desk: Desk, client: redis.Redis) -> None:
        self.desk = desk
        self.client = client
        self.held: list[Lease] = []

    async def begin(self) -> None:
        """Bring the frontier to where every key has something in it."""
        desk = self.desk
        desk.queue.lease_ms = 60_000
        pages = (f"/{n}" for n in range(5))
        self.bad = await desk.source("https://a.example/", *pages, project="bad", include="*")
        self.good = [await self._good("b", 4), await self._good("c", 4)]
        await self._lease(Ending(Outcome.RETRY, Reason.TIMEOUT, "x", wait_seconds=0.001))  # all three retry
        await self._lease(Ending(Outcome.DEAD, Reason.http(404), "it is not there"))
        [lease] = [one for one in await self._take() if one.source.source_id == self.bad.source_id]
        await desk.queue.settle(
            [(lease, Ending(Outcome.RETRY, Reason.http(503), "it is busy", wait_seconds=3600))]
        )
        self.held.remove(lease)
        done = await self._good("d", 0)
        [lease] = [one for one in await self._take() if one.source.source_id == done.source_id]
        await desk.queue.settle([(lease, Ending(Outcome.STORED))])
        self.held.remove(lease)
        self.good.append(done)  # completed, and not closed
        paused = await self._good("e", 0)
        await desk.queue.pause(paused)
        for one in self.held:  # links under leases that are in flight
            await desk.queue.add(one.source, [], one.origins, one.id)
        await bury_message(
            desk.queue, "seed", SEEDS, Message.of(b"nonsense", 9), Reason.BAD_SEED, "no scheme"
        )
        self.client.set(f"{PREFIX}:dead_evicted", 0, nx=True)
        self.client.set(f"{PREFIX}:set_aside", 0, nx=True)

    async def _good(self, host: str, pages: int) -> Source:
        paths = (f"/{n}" for n in range(pages))
        return await self.desk.source(f"https://{host}.example/", *paths, project=f"good {host}")

    async def _take(self) -> list[Lease]:
        leases = (await self.desk.queue.take(20)).leases
        await self.desk.queue.release([self._release(one) for one in leases])
        self.held += leases
        return leases

    def _release(self, lease: Lease) -> Release:
        """Also as where sites share an address: the frontier then keeps the site's own pace."""
        return Release(lease.id, lease.domain, 0.0, 0.0, site=lease.domain)

    async def _lease(self, ending: Ending) -> None:
        settled = [(one, ending) for one in await self._take()]
        await self.desk.queue.settle(settled)
        self.held.clear()

    async def work(self) -> None:
        """Do what workers do, some rounds of it."""
        desk = self.desk
        for round_ in range(ROUNDS):
            await desk.queue.sweep()
            await desk.queue.reap()
            self.client.delete(RECOVERY_LOCK.of())
            await recover(desk.shards, desk.pool)
            await desk.queue.visit("a.example")
            await self._take()
            await desk.queue.add(self.bad, [Link(f"https://a.example/new/{round_}", Kind.PAGE, 1)])
            await desk.queue.settle([(one, Ending(Outcome.STORED)) for one in self.held])
            self.held.clear()
            for source_id in await desk.queue.completed():
                await close_or_set_aside(desk.shards, desk.queue, desk.pool, source_id)
            if [await desk.status(one) for one in self.good] == ["completed"] * 3:
                return
        raise AssertionError([await desk.status(one) for one in self.good])


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of whoever writes into Redis."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


def _text(name: Any) -> str:
    return str(name.decode())


def _keys(client: redis.Redis, family: str, crawl: Crawl) -> list[str]:
    """A family's keys: of those of one owner, the bad tenant's."""
    name = f"{PREFIX}:{family}"
    if not family.endswith(":"):
        return [name]
    owners = (str(crawl.bad.source_id), str(crawl.bad.project_id), "a.example")
    return [
        key for key in sorted(_text(one) for one in client.keys(f"{name}*")) if any(o in key for o in owners)
    ]


def test_every_key_is_poisoned() -> None:
    """Each key of a shard, and its type, stands here, but for what is set aside already."""
    keys = {key.template: key for key in KEYS.values() if key.slot is Slot.SHARD and key is not SET_ASIDE}
    shards = {name.removeprefix("{shard}:").partition("{")[0]: str(key.type) for name, key in keys.items()}
    assert shards == FAMILIES


@pytest.mark.parametrize("family", FAMILIES)
async def test_no_key_stops_the_others(desk: Desk, client: redis.Redis, family: str) -> None:
    """Each poison in each key: others' sources are crawled, closed, replayed; it is shown and dropped."""
    failed = {}
    for name, write in writes(FAMILIES[family], family):
        client.flushdb()
        async with desk.pool.connection() as connection:
            await connection.execute("truncate projects cascade")
        crawl = Crawl(desk, client)
        await crawl.begin()
        keys = _keys(client, family, crawl)
        assert keys
        for key in keys:
            try:
                write(client, key)
            except redis.ResponseError:  # not to be had there
                continue
        try:
            await crawl.work()
            if name == "other type":
                await _command(desk)
            await _operate(desk, client)
        except Exception as error:  # noqa: BLE001 - all are told at once
            failed[name] = f"{type(error).__name__}: {error}"[:300]
    assert failed == {}


async def _command(desk: Desk) -> None:
    """Operators can list and show all that there is."""
    for listed in (await desk.scrapy("sources"), await desk.scrapy("sources", "--json")):
        assert listed.code == 0, listed.err
    letters = [json.loads(line) for line in (await desk.scrapy("dead_letters", "--json")).out.splitlines()]
    shown = await desk.scrapy("dead_letters", "show", *(one["id"] for one in letters))
    assert shown.code == 0, shown.err
    assert "unreadable" in {one["reason"] for one in letters}


async def _operate(desk: Desk, client: redis.Redis) -> None:
    """What an operator does afterwards: list, replay, drop."""
    await desk.shards.progresses()
    letters = DeadLetters(desk.shards)
    told = await letters.replay([one async for one in letters.find(LetterFilter())])
    codes = {letter.url or letter.seed: code for letter, code in told}
    assert codes.get("nonsense", Replayed.QUEUED) is Replayed.QUEUED
    assert {code for url, code in codes.items() if url.startswith("https://c")} <= {Replayed.QUEUED}
    left = [one async for one in letters.find(LetterFilter())]
    assert await letters.drop(left) == len(left)
    assert [one async for one in letters.find(LetterFilter())] == []
    assert client.keys(f"{PREFIX}:aside:*") == []
