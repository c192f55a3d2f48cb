"""An id that one project named first goes back to the project that it follows from, or that its row names."""

import asyncio
import json
from uuid import UUID, uuid4

import pytest

from alonchat_crawl.control.website_seed import Seed
from alonchat_crawl.frontier.dead_letters import DeadLetters, LetterFilter
from alonchat_crawl.frontier.transitions import awaited
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.sources import Kind, Lease, Link, Source
from alonchat_crawl.storage import sources as rows_of
from alonchat_crawl.storage.pages import store
from tests.integration.conftest import Desk
from tests.support.knowledge import SCHEME, Piece, make_page
from tests.support.lists import unread_by
from tests.support.tenants import BETA, STATES, URL, bring, read_lists


async def squat(desk: Desk, state: str) -> tuple[Source, Lease | None]:
    """Beta comes first with the id that alpha's own URL will have."""
    derived = Seed.of({"url": URL, "project": "alpha"}).source(desk.settings()).source_id
    seed = {"url": "https://b.example/", "project": "beta", "source_id": str(derived)}
    asked = Seed.of(seed).source(desk.settings())
    if state == "opening":
        return (await desk.queue.open(asked))[1], None
    [source] = await read_lists(desk, "website:start_urls", seed)
    return source, await bring(desk, source, state)


async def owner(desk: Desk, source_id: UUID) -> UUID | None:
    """Whose source it is, by its row."""
    return await rows_of.owner_of(desk.pool, source_id)


async def come_back(desk: Desk, lease: Lease | None, **seed: str) -> Source:
    """Alpha seeds its URL while what beta has in flight comes to its end."""
    await awaited(desk.queue.redis.lpush("website:start_urls", json.dumps({"url": URL, **seed})))
    reading = asyncio.create_task(read_lists(desk, "website:start_urls", closing=True))
    if lease is not None:
        await asyncio.sleep(0.3)
        await desk.end(lease, Outcome.DEFERRED)
    [admitted] = await reading
    return admitted


@pytest.mark.parametrize("state", STATES)
async def test_its_owner_has_a_squatted_id_back(desk: Desk, state: str) -> None:
    """The seed from whose project the id follows gets it, whatever the squatter's run has come to."""
    squatter, lease = await squat(desk, state)
    if state != "opening":
        page = make_page(squatter, Piece("a squatter's words"), url="https://b.example/x")
        await store(desk.pool, [page], SCHEME)
    admitted = await come_back(desk, lease, project_id="alpha")
    assert admitted.source_id == squatter.source_id
    assert await owner(desk, squatter.source_id) == admitted.project_id == as_uuid("alpha")
    assert not await desk.queue.start(squatter)  # a worker that stood still since
    assert not await desk.queue.abandon(squatter)
    assert not await desk.queue.add(squatter, [Link("https://b.example/x", Kind.PAGE, 1)])
    async with desk.pool.connection() as connection:
        assert await (await connection.execute("select from public.pages")).fetchall() == []
    [only] = (await desk.queue.take(10)).leases
    assert (only.url, only.source.project_name) == (URL, "alpha")
    assert (await read_lists(desk, "website:start_urls", {"url": URL, "project": "beta"}))[0].source_id != (
        squatter.source_id
    )


async def test_a_row_decides_about_an_id_that_follows_from_nothing(desk: Desk) -> None:
    """Who came first has a random id, until the web app writes another owner down."""
    source_id, redis = uuid4(), desk.queue.redis
    for name in ("beta", "alpha"):
        seed = {"url": f"https://{name}.example/", "project": name, "source_id": str(source_id)}
        await read_lists(desk, "website:start_urls", seed)
    assert await owner(desk, source_id) == BETA
    assert (
        len([one async for one in DeadLetters(desk.shards).find(LetterFilter(reason="wrong project"))]) == 1
    )
    async with desk.pool.connection() as connection:
        await connection.execute("delete from public.sources where id = %s", [source_id])
        await connection.execute(
            "insert into public.projects (id, name) values (%s, 'alpha')", [as_uuid("alpha")]
        )
        query = "insert into public.sources (id, project_id, url) values (%s, %s, %s)"
        await connection.execute(query, [source_id, as_uuid("alpha"), URL])
    admitted = await come_back(desk, None, project_id="alpha", source_id=str(source_id))
    assert (admitted.source_id, admitted.project_name) == (source_id, "alpha")
    assert await read_lists(desk, "website:start_urls", seed | {"project": "beta"}) == []
    assert await unread_by(redis, "website:start_urls") == []
