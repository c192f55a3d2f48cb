"""Lists every Redis key that holds data of one source or one project, to erase or export it.

Not listed are keys with members of many owners, which `redis_keys.py` marks MANY: lists of sources and
tenants, leases, dead letters, unsorted messages. Their members must be removed one by one. What is known of a
site (robots.txt, a domain's pace) belongs to no owner, and stays. A domain's hash names the tenant whose turn
it is, until that tenant leaves.

The names are computed from ids and from what the source's keys list, so that nothing scans all of Redis.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from uuid import UUID

from redis.asyncio import Redis

from alonchat_crawl import redis_keys
from alonchat_crawl.frontier.dead_letters import DeadLetters, LetterFilter
from alonchat_crawl.frontier.keys import ShardKeys
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import awaited
from alonchat_crawl.redis_keys import KEYS, SEEN_BUCKET, Slot, local_space

CrawlIds = Mapping[UUID, UUID | None]
"""Sources and their last runs, from Postgres; None for a source that has never run."""


async def keys_of_source(shards: Shards, source_id: UUID, crawl_id: UUID | None = None) -> AsyncIterator[str]:
    """Yield every key of one source. `crawl_id` is its last run, in case Redis has forgotten it.

    Raises redis.RedisError. Keys that are written meanwhile may be missed: close the source first.
    """
    redis = shards.queues[0].redis
    names = {redis_keys.HOME.of(source=source_id)}
    runs = {str(crawl_id)} if crawl_id else set()
    for keys in _shards_of(shards, source_id):
        crawl, tenant, seen = await awaited(redis.hmget(keys.source(source_id), ["crawl", "tenant", "seen"]))
        runs |= {crawl.decode()} if crawl else set()
        met = int(seen) if seen and seen.isdigit() else 0
        names |= await _in_shard(redis, keys, source_id, met)
        names |= _of_upload(keys, source_id, tenant.decode() if tenant else "")
        if keys.prefix.startswith(local_space(source_id)):
            names |= _of_all_in(keys, tenant.decode() if tenant else "")
    names |= {redis_keys.TRAP_COUNTERS.of(crawl=run) for run in runs}
    names |= await _set_aside(shards, {str(source_id), *runs})
    async for name in _existing(redis, names):
        yield name


async def keys_of_project(
    shards: Shards, project_id: UUID, sources: CrawlIds, lists: Collection[str]
) -> AsyncIterator[str]:
    """Yield every key of one project and of its sources. `lists` are the message lists that workers read.

    Raises redis.RedisError. Keys that are written meanwhile may be missed: close the sources first.
    """
    redis = shards.queues[0].redis
    names = {redis_keys.LANE.of(list=one, project=project_id) for one in lists}
    for source_id, crawl_id in sources.items():
        names |= {name async for name in keys_of_source(shards, source_id, crawl_id)}
        for keys in _shards_of(shards, source_id):
            names |= await _of_tenant(redis, keys, project_id, source_id)
    for queue in shards.queues:
        names |= await _of_tenant(redis, queue.keys, project_id)
    names |= await _set_aside(shards, {str(project_id)})
    async for name in _existing(redis, names):
        yield name


def _shards_of(shards: Shards, source_id: UUID) -> list[ShardKeys]:
    """All shards, and the private one that a source of local files would have."""
    return [*(queue.keys for queue in shards.queues), ShardKeys(0, local_space(source_id))]


async def _in_shard(redis: Redis, keys: ShardKeys, source_id: UUID, met: int) -> set[str]:
    """Possible names of a source's keys in a shard; `met` is how many URLs the source has met."""
    buckets = range(met // SEEN_BUCKET + 1)
    names = {keys.source(source_id), keys.domains(source_id)}
    names.add(keys.of(redis_keys.DELAYED, source=source_id))
    names |= {keys.of(redis_keys.SEEN, source=source_id, bucket=bucket) for bucket in buckets}
    names |= {keys.queue(domain, source_id) for domain in await _domains(redis, keys, source_id)}
    return names


def _of_upload(keys: ShardKeys, source_id: UUID, tenant: str) -> set[str]:
    """Names of an upload's keys by domain: no site serves its files, so its id is their domain."""
    turns = keys.of(redis_keys.SOURCE_TURNS, domain=source_id, tenant=tenant)
    return {keys.domain(str(source_id)), keys.of(redis_keys.TENANT_TURNS, domain=source_id), turns}


def _of_all_in(keys: ShardKeys, tenant: str) -> set[str]:
    """Names of the other keys of a private frontier, which holds one source only."""
    whole = (key for key in KEYS.values() if key.slot is Slot.SHARD and key.parts == ("shard",))
    return {keys.ready(tenant), *(keys.of(key) for key in whole)}


async def _of_tenant(
    redis: Redis, keys: ShardKeys, project_id: UUID, source_id: UUID | None = None
) -> set[str]:
    """Names of a tenant's keys in a shard, for the domains where it has the turn and those of a source."""
    ready = keys.ready(str(project_id))
    domains = {domain.decode() for domain in await awaited(redis.zrange(ready, 0, -1))}
    domains |= await _domains(redis, keys, source_id) if source_id else set()
    turns = (keys.of(redis_keys.SOURCE_TURNS, domain=domain, tenant=project_id) for domain in domains)
    return {ready, *turns}


async def _domains(redis: Redis, keys: ShardKeys, source_id: UUID) -> set[str]:
    found = await awaited(redis.smembers(keys.domains(source_id)))
    return {str(source_id), *(domain.decode() for domain in found)}


async def _set_aside(shards: Shards, ids: Collection[str]) -> set[str]:
    """Names of keys that were set aside, by the owner or the old name in their dead letters."""
    names = set()
    async for letter in DeadLetters(shards).find(LetterFilter()):
        named = (letter.project, letter.source, str(letter.details.get("key", "")))
        if "aside" in letter.details and any(one in text for one in ids for text in named):
            names.add(str(letter.details["aside"]))
    return names


async def _existing(redis: Redis, names: Collection[str]) -> AsyncIterator[str]:
    for name in sorted(names):
        if await redis.exists(name):
            yield name
