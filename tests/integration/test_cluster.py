"""The frontier on a real Redis cluster: each shard on one node, and no transition reaches across two."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster

from alonchat_crawl.errors import StartupError
from alonchat_crawl.frontier.dead_letters import DeadLetters, LetterFilter
from alonchat_crawl.frontier.lanes import Lanes
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.release import Release
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Opened, Replayed, Settled
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending, Kind, Lease, Link, Source
from tests.support.cluster import NODES, running_cluster

STORED = Ending(Outcome.STORED)
SHARDS = 6
DOMAINS = [f"d{n}.example" for n in range(12)]


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[int]]:
    """The ports of a cluster's nodes."""
    with running_cluster(tmp_path_factory.mktemp("cluster")) as ports:
        yield ports


@pytest.fixture
async def redis(ports: list[int]) -> AsyncIterator[RedisCluster]:
    """A client of the cluster, which is empty."""
    async with RedisCluster(host="127.0.0.1", port=ports[0]) as client:
        await client.flushall(target_nodes=RedisCluster.PRIMARIES)
        yield client


@pytest.fixture
def shards(redis: RedisCluster) -> Shards:
    """A frontier of several shards."""
    return shards_of(redis, SHARDS)


def shards_of(redis: RedisCluster, count: int) -> Shards:
    """A frontier of so many shards."""
    return Shards(
        [
            FrontierQueue(cast("Redis", redis), lease_seconds=60, max_attempts=3, dead_letters_max=9, shard=n)
            for n in range(count)
        ]
    )


async def opened(shards: Shards, url: str, *more: str) -> Source:
    """A source that runs in its own shard, with further URLs queued."""
    source = Source(uuid4(), uuid4(), uuid4(), url, "p", 100, 10)
    queue = await shards.home(source)
    assert (await queue.open(source))[0] is Opened.OPENING
    await queue.start(source)
    await queue.add(source, [Link(one, Kind.PAGE, 1) for one in more])
    return source


async def drained(shards: Shards, ending: Ending = STORED) -> list[Lease]:
    """Fetch all that there is, and return it in that order."""
    fetched = []
    while leases := [lease for queue in shards.queues for lease in (await queue.take(10)).leases]:
        for lease in leases:
            queue = shards.queues[lease.shard]
            assert await queue.extend([lease]) == set()
            assert await queue.release([Release(lease.id, lease.domain, 0.0, 0.0)]) == 1
            assert (await queue.settle([(lease, ending)]))[0] is not Settled.UNKNOWN
        fetched += leases
    return fetched


async def test_shards_lie_on_several_nodes(redis: RedisCluster, shards: Shards) -> None:
    """Each shard's keys share one slot, and the shards are spread over all nodes."""
    slots = {queue.keys.prefix: redis.keyslot(queue.keys.wake) for queue in shards.queues}
    assert all(redis.keyslot(f"{prefix}:queue:x:y") == slot for prefix, slot in slots.items())
    nodes: Any = {redis.get_node_from_key(f"{prefix}:wake") for prefix in slots}
    assert len(nodes) == NODES


async def test_sources_come_to_their_ends(shards: Shards) -> None:
    """Sources in all shards, each over many domains: every URL is fetched once, and each source completes."""
    sources = [
        await opened(shards, f"https://{home}/", *(f"https://{domain}/{home}" for domain in DOMAINS))
        for home in DOMAINS
    ]
    assert len({lease.shard for lease in (await _all_leases(shards))}) > NODES
    urls = [lease.url for lease in await drained(shards)]
    expected = [f"https://{domain}/{home}" for home in DOMAINS for domain in DOMAINS]
    assert sorted(urls) == sorted(expected + [source.url for source in sources])
    done = {source_id for queue in shards.queues for source_id in await queue.completed()}
    assert done == {source.source_id for source in sources}
    for source in sources:
        await shards.close(await shards.home(source), source)
    assert await shards.progresses() == {}


async def test_the_web_apps_lists_are_in_one_slot_each(redis: RedisCluster) -> None:
    """A list is parted, and its lanes have their turns, in the list's own slot."""
    lanes, project = Lanes(cast("Redis", redis), "website:start_urls"), uuid4()
    await redis.lpush("website:start_urls", "a", "b")
    assert await lanes.sort_messages(lambda _: project, 100) == 2
    assert (await lanes.due()).projects == [project]
    assert await lanes.take_turn(project) == b"a"
    assert await lanes.move_to_end(project) == 2
    assert await lanes.remove(project, b"b")
    assert await lanes.waiting() == await lanes.waiting(project) == 1
    await redis.delete("{website:start_urls}:lanes")
    await redis.set("{website:start_urls}:lanes", "none of ours")
    await lanes.due()  # sets it aside
    assert (await lanes.due()).projects == [project]


async def _all_leases(shards: Shards) -> list[Lease]:
    """What can be taken in all shards, given back."""
    leases = []
    for queue in shards.queues:
        taken = (await queue.take(1)).leases
        await queue.untake(taken)
        leases += taken
    return leases


async def test_a_domain_is_held_in_its_own_shard(shards: Shards) -> None:
    """A URL of another shard's source waits for the domain's keeper, and is had when that is free."""
    own = await opened(shards, "https://d0.example/")
    keeper = shards.of_domain("d0.example")
    [lease] = (await keeper.take(1)).leases
    assert lease.source == own
    assert await keeper.reserve("d0.example", "foreign", 30) > 0
    await keeper.release([Release(lease.id, lease.domain, 0.0, 0.0)])
    assert await keeper.reserve("d0.example", "foreign", 30) == 0
    await keeper.add(own, [Link("https://d0.example/1", Kind.PAGE, 1)])
    assert (await keeper.take(1)).leases == []
    assert await keeper.release([Release("foreign", "d0.example", 0.0, 0.0)]) == 1
    assert [one.url for one in (await keeper.take(1)).leases] == ["https://d0.example/1"]


async def test_dead_letters_of_all_shards(shards: Shards) -> None:
    """They are found over all nodes, and each is replayed in its own shard."""
    sources = [await opened(shards, f"https://{domain}/") for domain in DOMAINS]
    await drained(shards, Ending(Outcome.DEAD, Reason.http(404)))
    dead = DeadLetters(shards)
    letters = [letter async for letter in dead.find(LetterFilter())]
    assert {letter.source for letter in letters} == {str(source.source_id) for source in sources}
    assert len({letter.id.split("/")[0] for letter in letters}) > NODES
    assert {code for _, code in await dead.replay(letters)} == {Replayed.QUEUED}
    assert sorted(lease.url for lease in await drained(shards)) == sorted(source.url for source in sources)
    assert [letter async for letter in dead.find(LetterFilter())] == []


async def test_a_source_stays_in_its_shard(shards: Shards) -> None:
    """Until it is closed, whatever URL a later seed names."""
    source = await opened(shards, "https://d0.example/")
    home = await shards.home(source)
    elsewhere = next(one for one in DOMAINS if shards.of_domain(one) is not home)
    later = replace(source, url=f"https://{elsewhere}/")
    assert await shards.home(later) is home
    await drained(shards)
    await shards.close(home, source)
    assert await shards.home(later) is shards.of_domain(elsewhere)


async def test_the_number_of_shards_is_agreed(redis: RedisCluster, shards: Shards) -> None:
    """Another number is refused while sources are open or not yet written down, and taken after."""
    await shards.check()
    source = await opened(shards, "https://d0.example/")
    other = shards_of(redis, SHARDS - 1)
    with pytest.raises(StartupError, match=f"set it to {SHARDS}"):
        await other.check()
    await drained(shards)
    with pytest.raises(StartupError):
        await other.check()
    await shards.close(await shards.home(source), source)
    await other.check()
    await other.check()


async def test_every_node_forgets_the_scripts(redis: RedisCluster, shards: Shards) -> None:
    """SCRIPT FLUSH on all nodes, as after a failover, loses no transition."""
    source = await opened(shards, "https://d0.example/", *(f"https://{domain}/1" for domain in DOMAINS))
    queue = await shards.home(source)
    first = (await queue.take(2)).leases
    await redis.execute_command("SCRIPT FLUSH", target_nodes=RedisCluster.PRIMARIES)
    assert await queue.settle([(lease, STORED) for lease in first]) == [Settled.DONE, Settled.DONE]
    await redis.execute_command("SCRIPT FLUSH", target_nodes=RedisCluster.PRIMARIES)
    assert len(await drained(shards)) == len(DOMAINS) + 1 - 2
    assert await queue.completed() == [source.source_id]
