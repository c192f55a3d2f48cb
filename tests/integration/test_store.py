"""Storing a page: an upsert in one transaction, whatever happens meanwhile."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from scrapy.settings import Settings
from scrapy.signalmanager import SignalManager

from alonchat_crawl.errors import GiveUp, Outage, Unchanged
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.storage.pages import store, touch_unchanged
from alonchat_crawl.storage.sources import begin_crawl, mark_gone
from pipelines.store import Store
from pipelines.unchanged import SkipUnchanged
from tests.support.knowledge import (
    SCHEME,
    URL,
    Piece,
    again,
    count,
    make_page,
    make_source,
    open_pool,
    rows,
    unit,
)

TABLES = ("pages", "source_chunks", "chunk_embeddings")
SOURCE = make_source()
THREE = (Piece("one", ((0,), (1,))), Piece("two", ((2,),), ("Guide", "Start")), Piece("three"))


def counts(database_url: str) -> tuple[int, ...]:
    """Return how many pages, chunks and windows are stored."""
    return tuple(count(database_url, table, SOURCE.source_id) for table in TABLES)


async def test_a_page_is_stored_whole(database_url: str) -> None:
    """All of a page, its chunks and its windows can be read back."""
    page = make_page(SOURCE, *THREE)
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        [stored] = await store(pool, [page], SCHEME)
    assert (stored.provenance, stored.chunks, stored.windows) == (page.page.provenance, 3, 4)
    assert counts(database_url) == (1, 3, 4)
    assert rows(
        database_url,
        "select url, title, language, content_type, low_quality, removed, signals, content_sha256,"
        " embedding_scheme, etag, last_modified, crawl_id, fetched_at, gone_at from pages",
    ) == [
        (URL, page.page.title, "en", "documentation", False, {"hidden": 2}, {"hidden": 2, "instructions": 1},
         page.page.content_sha256, SCHEME, '"1"', None, SOURCE.crawl_id, page.page.provenance.fetched_at,
         None)
    ]  # fmt: skip
    assert rows(
        database_url, "select position, content, heading_path, token_count from source_chunks order by 1"
    ) == [(0, "one", [], 1), (1, "two", ["Guide", "Start"], 1), (2, "three", [], 1)]
    distances = rows(
        database_url,
        "select c.position, e.window_index, e.embedding <-> %s::halfvec(384) < 0.001 from chunk_embeddings e"
        " join source_chunks c on c.id = e.chunk_id order by 1, 2",
        str(unit(1).tolist()),
    )
    assert distances == [(0, 0, False), (0, 1, True), (1, 0, False), (2, 0, False)]


async def test_storing_again_doubles_nothing(database_url: str) -> None:
    """The same page stored by a second run leaves the same rows, now seen by that run."""
    second = again(SOURCE)
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        await store(pool, [make_page(SOURCE, *THREE)], SCHEME)
        before = rows(database_url, "select id from source_chunks order by 1")
        await store(pool, [make_page(second, *THREE)], SCHEME)
    assert counts(database_url) == (1, 3, 4)
    assert rows(database_url, "select id from source_chunks order by 1") == before
    assert rows(database_url, "select crawl_id from pages") == [(second.crawl_id,)]


async def test_fewer_chunks_replace_more(database_url: str) -> None:
    """Chunks that a page no longer has are removed with their windows."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        await store(pool, [make_page(SOURCE, *THREE)], SCHEME)
        await store(pool, [make_page(SOURCE, Piece("all new"))], SCHEME)
    assert counts(database_url) == (1, 1, 1)
    assert rows(database_url, "select content from source_chunks") == [("all new",)]


async def test_workers_storing_the_same_page_take_turns(database_url: str) -> None:
    """Of many concurrent stores of one page, one whole version remains."""
    versions = [
        make_page(again(SOURCE), *(Piece(f"version {number}") for _ in range(number)))
        for number in range(1, 9)
    ]
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        for _ in range(5):
            await asyncio.gather(*(store(pool, [version], SCHEME) for version in versions))
            found = rows(database_url, "select content from source_chunks")
            assert len(set(found)) == 1
            assert found[0] == (f"version {len(found)}",)
            assert counts(database_url) == (1, len(found), len(found))


@pytest.mark.parametrize("bad", ["a NUL \0 in the text", "a lone surrogate \ud800"])
@pytest.mark.parametrize("earlier", [(), THREE])
async def test_a_refused_page_leaves_what_was(
    database_url: str, bad: str, earlier: tuple[Piece, ...]
) -> None:
    """Where Postgres refuses one chunk, nothing of the page changes, and it is given up."""
    page = make_page(SOURCE, *THREE, Piece("good"))
    broken = replace(
        page,
        chunks=(
            *page.chunks,
            replace(page.chunks[0], chunk=replace(page.chunks[0].chunk, position=4, content=bad)),
        ),
    )
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        if earlier:
            await store(pool, [make_page(SOURCE, *earlier)], SCHEME)
        before = counts(database_url), rows(database_url, "select * from pages")
        with pytest.raises(GiveUp) as caught:
            await store(pool, [broken], SCHEME)
        assert caught.value.reason == "store"
        assert (counts(database_url), rows(database_url, "select * from pages")) == before
        await store(pool, [page], SCHEME)  # the pool's connections still work
    assert counts(database_url) == (1, 4, 5)


async def test_vectors_of_another_size_are_refused(database_url: str) -> None:
    """A window without 384 dimensions is given up and leaves nothing, not even the page."""
    page = make_page(SOURCE, Piece("good"))
    short = replace(page, chunks=(replace(page.chunks[0], vectors=np.ones((1, 383), np.float32)),))
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        with pytest.raises(GiveUp):
            await store(pool, [short], SCHEME)
    assert counts(database_url) == (0, 0, 0)


async def test_an_erased_source_takes_no_pages(database_url: str) -> None:
    """A page whose source was erased meanwhile is given up, and its project's other sources are kept."""
    other = make_source("other")
    async with open_pool(database_url) as pool:
        for source in (SOURCE, other):
            await begin_crawl(pool, source)
            await store(pool, [make_page(source, *THREE)], SCHEME)
        async with pool.connection() as connection:
            await connection.execute("delete from sources where id = %s", [SOURCE.source_id])
        assert counts(database_url) == (0, 0, 0)
        with pytest.raises(GiveUp) as caught:
            await store(pool, [make_page(SOURCE, *THREE)], SCHEME)
    assert caught.value.reason == "source erased"
    assert count(database_url, "source_chunks", other.source_id) == 3


async def test_a_row_cannot_carry_another_project(database_url: str) -> None:
    """A page of one project cannot be put into another project's source."""
    other = make_source(project="bravo")
    stray = replace(SOURCE, project_id=other.project_id)
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        await begin_crawl(pool, other)
        with pytest.raises(GiveUp):
            await store(pool, [make_page(stray, *THREE)], SCHEME)
    assert counts(database_url) == (0, 0, 0)


async def test_unchanged(database_url: str) -> None:
    """The same text under the same embedding is noted as seen, and is no longer gone; other text, another
    embedding and a page never stored are not unchanged.
    """  # noqa: D205 - one claim
    second = again(SOURCE)
    page = make_page(second, *THREE).page
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        assert not await touch_unchanged(pool, page, SCHEME)
        await store(pool, [make_page(SOURCE, *THREE)], SCHEME)
        await mark_gone(pool, SOURCE, URL)
        assert not await touch_unchanged(pool, page, "test/2")
        assert not await touch_unchanged(pool, replace(page, content_sha256=b"\0" * 32), SCHEME)
        assert rows(database_url, "select gone_at is null, crawl_id from pages") == [(False, SOURCE.crawl_id)]
        assert await touch_unchanged(pool, page, SCHEME)
    assert rows(database_url, "select gone_at is null, crawl_id, fetched_at from pages") == [
        (True, second.crawl_id, page.provenance.fetched_at)
    ]
    assert counts(database_url) == (1, 3, 4)


async def test_storing_brings_a_gone_page_back(database_url: str) -> None:
    """A page that was gone and is stored again is searchable again."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        await store(pool, [make_page(SOURCE, *THREE)], SCHEME)
        await mark_gone(pool, SOURCE, URL)
        await store(pool, [make_page(SOURCE, Piece("back"))], SCHEME)
    assert rows(database_url, "select gone_at from pages") == [(None,)]


async def test_the_stages(database_url: str) -> None:
    """The store stage commits a page; from then on the stage before it ends the same page as unchanged."""
    connections = Connections(Settings({"DATABASE_URL": database_url, "POSTGRES_POOL_MAX": 2}))
    page, signals = make_page(SOURCE, *THREE), SignalManager()
    unchanged = SkipUnchanged(signals, connections, SCHEME)
    last = Store(signals, connections, SCHEME, group_windows=100, writers=1)
    try:
        await begin_crawl(await connections.postgres(), SOURCE)
        assert await unchanged.process_item(page.page) is page.page
        assert (await last.process_item(page)).chunks == 3
        with pytest.raises(Unchanged):
            await unchanged.process_item(page.page)
    finally:
        await connections.close()
    assert counts(database_url) == (1, 3, 4)


async def test_an_unreachable_database_is_worth_a_retry() -> None:
    """Where Postgres cannot be reached, the page may be tried again, and no secret is told."""
    pool = AsyncConnectionPool[AsyncConnection](
        "postgresql://u:hunter2@127.0.0.1:1/x", open=False, timeout=0.5, reconnect_timeout=0.1
    )
    async with pool:
        with pytest.raises(Outage) as caught:
            await store(pool, [make_page(SOURCE, *THREE)], SCHEME)
    assert caught.value.reason == "postgres"
    assert "hunter2" not in caught.value.detail


@pytest.mark.parametrize("texts", [("old", "new"), ("same", "same")])
async def test_a_page_twice_in_a_group(database_url: str, texts: tuple[str, str]) -> None:
    """Of a page that comes twice in one group, by two addresses, only the later text is stored."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        stored = await store(pool, [make_page(SOURCE, Piece(text)) for text in texts], SCHEME)
    assert [page.chunks for page in stored] == [1, 1]
    assert rows(database_url, "select content from source_chunks") == [(texts[1],)]
