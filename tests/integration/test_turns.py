"""Projects take turns at the web app's lists: what one of them pushed or runs holds up no other's."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from psycopg import AsyncConnection
from redis.exceptions import ResponseError

from alonchat_crawl.control import inbox
from alonchat_crawl.control.orders import OrderReader
from alonchat_crawl.control.seed_reader import SeedReader
from alonchat_crawl.control.website_seed import Seed, SeedError
from alonchat_crawl.frontier.dead_letters import DeadLetter, DeadLetters, LetterFilter
from alonchat_crawl.frontier.lanes import Lanes
from alonchat_crawl.frontier.transitions import awaited
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.sources import Source, SourceProgress
from alonchat_crawl.storage.sources import begin_crawl, projects_with_room, set_status
from alonchat_crawl.worker.tasks import end_tasks
from tests.integration.conftest import Desk
from tests.support.lists import unread_by

SEEDS, ORDERS = "website:start_urls", "website:orders"
FLOOD = 2000


def seed(project: str, number: int = 0) -> str:
    """A seed of a project, for a site of its own."""
    return json.dumps({"url": f"https://{project}{number}.example/", "project_id": project})


@asynccontextmanager
async def reading(desk: Desk, *, most: int = 1000) -> AsyncIterator[list[Source]]:
    """A reader of seeds; at the end it is killed: it leaves its list to nobody."""
    admitted: list[Source] = []
    settings = desk.settings(MAX_QUEUE_SIZE=most)
    reader = SeedReader(desk.shards, desk.pool, settings, key=SEEDS, admitted=admitted.append)
    task = asyncio.create_task(reader.run())
    try:
        yield admitted
    finally:
        await end_tasks([task])


async def others_may_read(desk: Desk) -> None:
    """The time is up after which another worker reads a list whose reader is gone."""
    await desk.queue.redis.delete(f"{{{SEEDS}}}:reader")


async def until(admitted: Sequence[Source], projects: set[str]) -> None:
    """Wait until a source of each project is admitted, within bounds."""
    async with asyncio.timeout(60):
        while not projects <= {source.project_name for source in admitted}:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def running(desk: Desk) -> set[str]:
    """The start URLs of the sources that run."""
    found = (await desk.shards.progresses()).values()
    return {progress.source.url for progress in found if isinstance(progress, SourceProgress)}


async def end_one(desk: Desk) -> None:
    """One source comes to its end, and is written down."""
    lease = (await desk.queue.take(1)).leases[0]
    await desk.end(lease, Outcome.REFUSED, "robots")
    async with desk.pool.connection() as connection:
        query = "update sources set status = 'failed' where id = %s"
        await connection.execute(query, [lease.source.source_id])


async def test_three_projects_at_their_limits(desk: Desk) -> None:
    """Two thousand seeds of one in front of them hold back no other's: one turn of it comes before them.

    A place that one of them has free again is its own, too.
    """
    flood = [seed("flood", number) for number in range(FLOOD)]
    await awaited(desk.queue.redis.lpush(SEEDS, *flood, seed("calm"), seed("slow"), seed("slow", 1)))
    async with reading(desk, most=1) as admitted:
        await until(admitted, {"flood", "calm", "slow"})
        await asyncio.sleep(1.5)
        assert [source.project_name for source in admitted] == ["flood", "calm", "slow"]
        for _ in range(3):
            await end_one(desk)
        async with asyncio.timeout(30):
            while len(admitted) < 5:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert sorted(source.url for source in admitted[3:]) == [
        "https://flood1.example/",
        "https://slow1.example/",
    ]
    assert await unread_by(desk.queue.redis, SEEDS) == flood[2:]


async def test_readers_that_are_killed_lose_nothing(desk: Desk) -> None:
    """Wherever one stops, each seed waits in exactly one place or has its source; others wait for nothing."""
    chosen = random.Random(1)  # noqa: S311 - a test's
    flood = [seed("flood", number) for number in range(FLOOD)]
    await awaited(desk.queue.redis.lpush(SEEDS, *flood, seed("calm"), seed("slow")))
    urls = {json.loads(one)["url"] for one in [*flood, seed("calm"), seed("slow")]}
    for _ in range(12):
        await others_may_read(desk)
        async with reading(desk):
            await asyncio.sleep(chosen.uniform(0, 0.15))
        waiting = [json.loads(one)["url"] for one in await unread_by(desk.queue.redis, SEEDS)]
        assert len(waiting) == len(set(waiting))
        opened = await running(desk)
        assert opened | set(waiting) == urls
        assert len(opened & set(waiting)) <= 1  # it is open, and its seed was about to go
    await others_may_read(desk)
    async with reading(desk) as admitted:
        async with asyncio.timeout(30):
            while not {"https://calm0.example/", "https://slow0.example/"} <= await running(desk):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert len(admitted) < FLOOD / 4
    done = {"https://calm0.example/", "https://slow0.example/"}
    assert [one for one in await unread_by(desk.queue.redis, SEEDS) if json.loads(one)["url"] in done] == []


async def test_a_projects_own_limit(desk: Desk) -> None:
    """`projects.max_queue_size` goes before MAX_QUEUE_SIZE; not counting paused and local sources."""
    sources = [Seed.of(json.loads(seed("own", n))).source(desk.settings()) for n in range(3)]
    own = sources[0].project_id

    async def has_room(most: int, limit: int | None) -> bool:
        async with desk.pool.connection() as connection:
            await connection.execute("update projects set max_queue_size = %s", [limit])
        return own in await projects_with_room(desk.pool, [own, as_uuid("new")], most)

    assert await has_room(1, None)
    await begin_crawl(desk.pool, sources[0])
    await begin_crawl(desk.pool, sources[1], local=True)
    assert [await has_room(*case) for case in ((1, None), (2, None), (1, 2), (9, 1), (9, 0))] == [
        False, True, True, False, False,
    ]  # fmt: skip
    await set_status(desk.pool, sources[0], "paused")
    assert await has_room(1, None)
    assert not await has_room(1, 0)
    assert as_uuid("new") in await projects_with_room(desk.pool, [own, as_uuid("new")], 1)


async def test_a_turn_that_takes_long_ends(
    desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A seed that waits for a lock, or a name server, goes on at its project's next turn; no other waits."""
    monkeypatch.setattr(inbox, "TURN_SECONDS", 0.5)
    stuck = await desk.source("https://stuck0.example/", project="stuck")
    async with await AsyncConnection.connect(database_url) as other, reading(desk) as admitted:
        await other.execute("select from sources where id = %s for update", [stuck.source_id])
        await desk.queue.cancel(stuck)
        await desk.queue.close(stuck)
        await awaited(desk.queue.redis.lpush(SEEDS, seed("stuck"), seed("stuck", 1), seed("calm")))
        await until(admitted, {"calm"})
        assert {source.project_name for source in admitted} == {"calm"}
        await other.rollback()
        await until(admitted, {"calm", "stuck"})
        async with asyncio.timeout(30):
            while await unread_by(desk.queue.redis, SEEDS):  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "bad", ["{", '{"url": "x", "project_id": 7}', '{"project_id": "\\ud800"}', "[" * 5000, "\0", "no url"]
)
async def test_what_cannot_be_read_has_a_lane_too(desk: Desk, bad: str) -> None:
    """A flood of it holds up no project, and each becomes a dead letter."""
    await awaited(desk.queue.redis.lpush(SEEDS, *[f"{bad}{' ' * n}" for n in range(30)], seed("calm")))
    async with reading(desk) as admitted:
        await until(admitted, {"calm"})
        async with asyncio.timeout(30):
            while await unread_by(desk.queue.redis, SEEDS):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert [source.project_name for source in admitted] == ["calm"]


@pytest.mark.parametrize("prefix", ["", "\x0b", " \n"])
async def test_a_short_name_that_is_null_says_nothing(desk: Desk, prefix: str) -> None:
    """The seed has its turn, and is opened, as that of the project which the long one names."""
    message = {"url": "https://a.example/", "project": None, "project_id": "calm", "source": None}
    await awaited(desk.queue.redis.lpush(SEEDS, prefix + json.dumps(message)))
    async with reading(desk) as admitted:
        await until(admitted, {"calm"})
    assert {source.project_id for source in admitted} == {as_uuid("calm")}


async def test_nothing_is_done_for_another_project_than_has_the_turn(desk: Desk) -> None:
    """A name on whose ends readers of text disagree is refused, in a seed and in an order."""
    source = await desk.source("https://calm.example/", project="calm")
    odd = {"project_id": "\x1ccalm"}
    order = {"action": "cancel", "source_id": str(source.source_id), **odd}
    orders = OrderReader(desk.shards, desk.pool, desk.settings(), ORDERS)
    with pytest.raises(SeedError, match="only some programs take for spaces"):
        await orders.act(json.dumps(order).encode())
    await awaited(desk.queue.redis.lpush(SEEDS, json.dumps({"url": "https://a.example/", **odd})))
    async with reading(desk) as admitted, asyncio.timeout(30):
        while not await desk.queue.redis.xlen(desk.queue.keys.dead):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert admitted == []


async def unreadable(desk: Desk) -> DeadLetter:
    """The letter of what was set aside, once it is written."""
    async with asyncio.timeout(30):
        while not (  # noqa: ASYNC110
            found := [one async for one in DeadLetters(desk.shards).find(LetterFilter(reason="unreadable"))]
        ):
            await asyncio.sleep(0.01)
    [letter] = found
    return letter


async def test_lanes_of_others_and_what_is_none(desk: Desk) -> None:
    """What somebody else wrote in the place of a lane stops no other."""
    redis = desk.queue.redis
    await redis.zadd(f"{{{SEEDS}}}:lanes", {"x": 0, str(as_uuid("text")): 0, "-" * 36: 0})
    await redis.set(f"{{{SEEDS}}}:lane:{as_uuid('text')}", "no list")
    await awaited(redis.lpush(SEEDS, seed("text"), seed("calm")))
    async with reading(desk) as admitted:
        await until(admitted, {"calm", "text"})
        letter = await unreadable(desk)
    assert await unread_by(redis, SEEDS) == []
    assert await redis.get(letter.details["aside"]) == b"no list"
    await DeadLetters(desk.shards).drop([letter])
    assert await redis.keys("*:aside:*") == []


@pytest.mark.parametrize("when", ["before", "meanwhile"])
async def test_another_type_in_place_of_the_list_of_lanes(desk: Desk, when: str) -> None:
    """It is set aside, and made anew from the lanes: no message is lost, and none waits."""
    redis = desk.queue.redis

    async def overwrite() -> None:
        await redis.delete(f"{{{SEEDS}}}:lanes")
        await awaited(redis.hset(f"{{{SEEDS}}}:lanes", "no", "lanes"))

    lane = f"{{{SEEDS}}}:lane:{as_uuid('calm')}"
    await awaited(redis.lpush(lane, seed("calm")))
    if when == "before":
        await overwrite()
    async with reading(desk) as admitted:
        if when == "meanwhile":
            await awaited(redis.lpush(SEEDS, seed("first")))
            await until(admitted, {"first"})
            await overwrite()
        await awaited(redis.lpush(SEEDS, seed("late")))
        await until(admitted, {"calm", "late"})
        await unreadable(desk)
    assert await unread_by(redis, SEEDS) == []


@pytest.mark.parametrize("score", [float("inf"), 1e300, 2e15])
async def test_a_lane_that_is_put_off_for_ever_is_due(desk: Desk, score: float) -> None:
    """Whether somebody wrote it, or the server's clock was set back."""
    redis = desk.queue.redis
    await awaited(redis.lpush(f"{{{SEEDS}}}:lane:{as_uuid('late')}", seed("late")))
    await redis.zadd(f"{{{SEEDS}}}:lanes", {str(as_uuid("late")): score})
    async with reading(desk) as admitted:
        await until(admitted, {"late"})


async def test_a_script_that_fails_is_its_messages_fault(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It becomes a dead letter, and no project waits."""
    act = SeedReader.act

    async def failing(self: SeedReader, raw: bytes) -> None:
        if b"bad" in raw:
            raise ResponseError("user_script:12: attempt to compare nil with number")
        await act(self, raw)

    monkeypatch.setattr(SeedReader, "act", failing)
    await awaited(desk.queue.redis.lpush(SEEDS, *[seed("bad", n) for n in range(30)], seed("calm")))
    async with reading(desk) as admitted:
        await until(admitted, {"calm"})
        async with asyncio.timeout(30):
            while await unread_by(desk.queue.redis, SEEDS):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    found = [one async for one in DeadLetters(desk.shards).find(LetterFilter(reason="bad seed"))]
    assert len(found) == 5  # as many as the desk keeps


async def test_orders_take_turns_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another project's order is carried out after one of a flood, and one project's in their order."""
    source = await desk.source("https://calm.example/")
    flood = [
        json.dumps({"action": "pause", "source_id": f"x{n}", "project_id": "flood"}) for n in range(FLOOD)
    ]
    own = [
        json.dumps({"action": action, "source_id": str(source.source_id), "project_id": "alpha", "value": 7})
        for action in ("cap", "pause")
    ]
    acted: list[str] = []
    act = OrderReader.act

    async def noted(self: OrderReader, raw: bytes) -> None:
        acted.append(raw.decode())
        await act(self, raw)

    monkeypatch.setattr(OrderReader, "act", noted)
    await awaited(desk.queue.redis.lpush(ORDERS, *flood, *own))
    task = asyncio.create_task(OrderReader(desk.shards, desk.pool, desk.settings(), ORDERS).run())
    try:
        async with asyncio.timeout(60):
            while await desk.status(source) != "paused":  # noqa: ASYNC110
                await asyncio.sleep(0.005)
    finally:
        await end_tasks([task])
    assert acted[:4] == [flood[0], own[0], flood[1], own[1]]
    progress = await desk.queue.progress(source.source_id)
    assert progress is not None
    assert progress.source.max_pages == 7


async def test_a_turn_costs_the_same_behind_any_backlog(desk: Desk) -> None:
    """Redis is asked as often for a project's seed while another has two thousand in wait as with ten."""
    redis, counts = desk.queue.redis, []
    for number, waiting in enumerate((10, FLOOD)):
        many = [seed("flood", 10_000 * number + n) for n in range(waiting)]
        await awaited(redis.lpush(SEEDS, *many))
        lanes = Lanes(redis, SEEDS)
        while await lanes.sort_messages(lambda _: as_uuid("flood"), 1000):
            pass
        await others_may_read(desk)
        async with reading(desk, most=1) as admitted:
            await until(admitted, {"flood"})
            await asyncio.sleep(0.5)  # the reader has looked at all the others, and now waits
            await redis.config_resetstat()
            await awaited(redis.lpush(SEEDS, seed("calm", number)))
            await until(admitted, {"calm"})
            stats: dict[str, dict[str, int]] = await redis.info("commandstats")
        counts.append(sum(one["calls"] for name, one in stats.items() if "evalsha" not in name))
        await end_one(desk)
        await end_one(desk)
    assert counts[1] <= 2 * counts[0]
