"""The list of Redis keys: Lua's names are Python's, and everything of a tenant is found by it."""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any
from uuid import UUID, uuid4

import redis
from redis.asyncio import Redis

from alonchat_crawl.extract.site.fingerprints import Fingerprints
from alonchat_crawl.fetch.files.upload_urls import list_url
from alonchat_crawl.frontier.lanes import Lanes
from alonchat_crawl.frontier.lua_keys import with_list_keys, with_shard_keys
from alonchat_crawl.frontier.owned_keys import keys_of_project, keys_of_source
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.release import Release
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import awaited
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.policies.traps.many_urls import TrapCounters, TrapLimits
from alonchat_crawl.reasons import Reason
from alonchat_crawl.redis_keys import KEYS, MESSAGES, Owner, RedisKey, Slot, local_space, prefix_of
from alonchat_crawl.servers.damaged_keys import set_aside
from alonchat_crawl.sources import Ending, Kind, Lease, Link, Source
from tests.support.shard_state import read_values

SEEDS = "website:start_urls"
LIMITS = TrapLimits(*[100] * 7)
SHARDS = 3


def _examples(slot: Slot, first: str, value: str) -> Iterator[tuple[str, str]]:
    """Each key as Lua writes it, and as Python does."""
    for name, key in KEYS.items():
        if key.slot is slot and first in key.parts:
            rest = [part for part in key.parts if part != first]
            lua = f"{name}_key({', '.join(repr(part) for part in rest)})" if rest else f"KEY.{name}"
            yield lua, key.of(**{first: value}, **{part: part for part in rest})


async def test_lua_and_python_write_the_same_names(redis_url: str) -> None:
    """Of a shard and of a list: every key of either."""
    async with Redis.from_url(redis_url) as client:
        for with_keys, slot, first, value in (
            (with_shard_keys, Slot.SHARD, "shard", prefix_of(3)),
            (with_list_keys, Slot.LIST, "list", SEEDS),
        ):
            examples = dict(_examples(slot, first, value))
            assert len(examples) > 5
            found = await awaited(client.eval(with_keys(f"return {{{', '.join(examples)}}}"), 1, value))
            assert [name.decode() for name in found] == list(examples.values())


class Tenant:
    """A project with a source in each state, and all else that Redis may hold of it."""

    def __init__(self, shards: Shards, name: str) -> None:
        self.shards = shards
        self.project = uuid4()
        self.name = name
        self.sources: dict[UUID, UUID | None] = {}

    def _source(self, url: str, **values: Any) -> Source:
        source = Source(uuid4(), self.project, uuid4(), url, self.name, 1000, 5, **values)
        self.sources[source.source_id] = source.crawl_id
        return source

    async def _open(self, source: Source, *links: str) -> FrontierQueue:
        queue = await self.shards.home(source)
        await queue.open(source)
        await queue.start(source)
        await queue.add(source, [Link(link, Kind.PAGE, 1) for link in links])
        return queue

    async def _lease(self, queue: FrontierQueue, source: Source) -> Lease:
        [lease] = (await queue.take(1, only=source.source_id)).leases
        await queue.release([Release(lease.id, lease.domain, 0.0, 0.0)])
        return lease

    async def fill(self) -> None:
        """Write into every kind of key."""
        await self._running()
        await self._closed()
        upload = self._source("https://x.example/", kind="upload")
        object.__setattr__(upload, "url", list_url(upload.source_id, "u"))
        await self._open(upload, "s3://bucket/a.pdf")
        paused = self._source(f"https://paused-{self.name}.example/")
        await (await self._open(paused, "https://shared.example/p")).pause(paused)
        await self._of_a_machine()
        await self._in_the_way()
        client = self.shards.queues[0].redis
        await awaited(client.lpush(SEEDS, json.dumps({"project": self.name})))
        lanes = Lanes(client, SEEDS)
        await lanes.sort_messages(lambda _: self.project, 1000)

    async def _running(self) -> None:
        """A source with many URLs in several domains, one in flight, one to be tried again, and counters."""
        source = self._source(f"https://run-{self.name}.example/")
        own = (f"https://run-{self.name}.example/{n}" for n in range(700))
        queue = await self._open(source, *own, f"https://shared.example/{self.name}")
        retry = Ending(Outcome.RETRY, Reason.TIMEOUT, "it took too long", wait_seconds=3600)
        lease = await self._lease(queue, source)
        await TrapCounters(queue.redis, LIMITS).note(lease, Fingerprints(b"t" * 8, b"p" * 8))
        await queue.settle([(lease, retry)])
        await queue.take(1, only=source.source_id)

    async def _closed(self) -> None:
        """A source that is closed, with a dead letter."""
        source = self._source(f"https://closed-{self.name}.example/")
        queue = await self._open(source)
        lease = await self._lease(queue, source)
        await queue.settle([(lease, Ending(Outcome.DEAD, Reason.http(404), "it is not there"))])
        await self.shards.close(queue, source)

    async def _of_a_machine(self) -> None:
        """A source in a frontier set apart, for files that one machine has."""
        source = self._source(f"file-{self.name}", kind="upload")
        object.__setattr__(source, "url", list_url(source.source_id, "f"))
        client = self.shards.queues[0].redis
        queue = _queue(client, 0, local_space(source.source_id))
        await queue.open(source)
        await queue.start(source)

    async def _in_the_way(self) -> None:
        """Keys of another type: in a shard, of a lane, of a run's counters."""
        source = self._source(f"https://bad-{self.name}.example/")
        queue = await self._open(source)
        await queue.redis.set(queue.keys.source(source.source_id), "no hash")
        await queue.audit(str(source.source_id))
        told: list[tuple[str, str, str]] = []
        for name in (f"{{{SEEDS}}}:lane:{self.project}", f"traps:{source.crawl_id}"):
            await queue.redis.set(name, "x")
            await set_aside(queue.redis, name, "it is of another type", lambda *one: told.append(one))
        for one in told:
            await queue.run("bury_key", *one)


def _queue(client: Redis, shard: int, space: str = "") -> FrontierQueue:
    return FrontierQueue(
        client, lease_seconds=60, max_attempts=3, dead_letters_max=100, shard=shard, space=space
    )


def _kind_of(name: str) -> RedisKey:
    """The entry of the list that a key's name is of."""
    kinds = [key for key in KEYS.values() if key is not MESSAGES and fnmatchcase(name, key.pattern())]
    return max(kinds, key=lambda key: len(key.template.replace("{", ""))) if kinds else MESSAGES


def _asides_of(client: redis.Redis, ids: set[str]) -> set[str]:
    """Names of what is set aside, by the dead letters that tell of these ids."""
    streams = (client.xrange(f"{prefix_of(shard)}:dead") for shard in range(SHARDS))
    letters: Any = [fields for stream in streams for _, fields in stream]  # type: ignore[union-attr]
    told = [letter for letter in letters if any(one.encode() in b"".join(letter.values()) for one in ids)]
    return {letter[b"aside"].decode() for letter in told if letter.get(b"aside")}


async def test_everything_of_a_tenant_is_found(redis_url: str) -> None:
    """Of two tenants with the same sites: exactly the keys that name one's ids, and what was set aside of it.

    Whatever else names an id inside is listed as of many, or as a site's: so nothing is forgotten.
    """
    async with Redis.from_url(redis_url) as client:
        shards = Shards([_queue(client, shard) for shard in range(SHARDS)])
        tenants = [Tenant(shards, name) for name in ("alpha", "beta")]
        for tenant in tenants:
            await tenant.fill()
        with redis.Redis.from_url(redis_url) as looked:
            names = [name.decode() for name in looked.keys("*")]
            everything = dict(zip(names, map(str, read_values(looked, names)), strict=True))
            for tenant in tenants:
                ids = {str(one) for one in (tenant.project, *tenant.sources, *tenant.sources.values())}
                named = {name for name in everything if any(one in name for one in ids)}
                asides = _asides_of(looked, ids)
                assert len(asides) == 3
                found = {
                    one async for one in keys_of_project(shards, tenant.project, tenant.sources, [SEEDS])
                }
                assert found == named | asides
                assert {_kind_of(name).owner for name in found} >= {Owner.SOURCE, Owner.TENANT, Owner.LETTER}
                for name in everything.keys() - found:
                    if any(one in everything[name] for one in ids):
                        assert _kind_of(name).owner in {Owner.MANY, Owner.SITE}, name


async def test_a_source_is_found_alone(redis_url: str) -> None:
    """A tenant's other sources and its own keys are not among a source's."""
    async with Redis.from_url(redis_url) as client:
        shards = Shards([_queue(client, shard) for shard in range(SHARDS)])
        tenant = Tenant(shards, "alpha")
        await tenant.fill()
        everything: Any = await client.keys("*")
        for source_id, crawl_id in tenant.sources.items():
            ids = {str(source_id), str(crawl_id)}
            found = {name async for name in keys_of_source(shards, source_id, crawl_id)}
            named = {name.decode() for name in everything if any(one in name.decode() for one in ids)}
            assert found >= named
            assert {_kind_of(name).owner for name in found - named} <= {Owner.LETTER}
