"""Projects as a whole: an index of their own, and another embedding while the old one serves."""

from collections.abc import Callable, Iterator

import numpy as np
import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from alonchat_crawl.errors import GiveUp
from alonchat_crawl.storage.pages import store
from alonchat_crawl.storage.projects import (
    ProjectRecord,
    add_vectors,
    demote,
    promote,
    read_projects,
    serve,
    unembedded,
)
from alonchat_crawl.storage.search import search
from alonchat_crawl.storage.sources import begin_crawl
from tests.support.knowledge import SCHEME, URL, Piece, make_page, make_source, open_pool, rows, unit

SOURCE, OTHER = make_source(project="alpha"), make_source(project="bravo")
NEW = "another/1"
INDEXES = (
    "select indexrelid::regclass::text, indisvalid from pg_index"
    " where indexrelid::regclass::text like '%hnsw%'"
)


@pytest.fixture
def found(database_url: str) -> Iterator[Callable[[], list[str]]]:
    """What a question finds in alpha, best first."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield lambda: [hit.content for hit in search(connection, SOURCE.project_id, unit(3), "", 5)]


async def filled(pool: AsyncConnectionPool) -> None:
    """Store twenty pages of alpha, and one of bravo."""
    for source, pages in ((SOURCE, 20), (OTHER, 1)):
        await begin_crawl(pool, source)
        made = [
            make_page(source, Piece(f"text {n}", ((n,), (n, 100))), url=f"{URL}/{n}") for n in range(pages)
        ]
        await store(pool, made, SCHEME)


async def alpha(pool: AsyncConnectionPool) -> ProjectRecord:
    """Return alpha as it stands."""
    [project] = await read_projects(pool, SOURCE.project_id)
    return project


async def test_projects_are_told(database_url: str) -> None:
    """Each project comes with its windows and its scheme; an unknown one does not come."""
    async with open_pool(database_url) as pool:
        await filled(pool)
        told = await read_projects(pool)
        assert [(one.name, one.windows, one.scheme, one.indexed) for one in told] == [
            ("alpha", 40, SCHEME, False),
            ("bravo", 2, SCHEME, False),
        ]
        assert await read_projects(pool, make_source(project="none").project_id) == []


async def test_promotion(database_url: str, found: Callable[[], list[str]]) -> None:
    """A project gets its own index and loses it again; both once; what is found stays the same."""
    async with open_pool(database_url) as pool:
        await filled(pool)
        before = found()
        assert before[0] == "text 3"
        assert await promote(pool, await alpha(pool))
        assert (await alpha(pool)).indexed
        assert not await promote(pool, await alpha(pool))
        assert found() == before
        await store(pool, [make_page(SOURCE, Piece("newer", ((3,),)), url=f"{URL}/new")], SCHEME)
        assert "newer" in found()[:2]
        assert await demote(pool, await alpha(pool))
        assert not await demote(pool, await alpha(pool))
    assert rows(database_url, INDEXES) == []


async def test_the_index_is_used(database_url: str) -> None:
    """The planner finds a project's index for its own searches, and not for another project's."""
    async with open_pool(database_url) as pool:
        await filled(pool)
        await promote(pool, await alpha(pool))
    plan = (
        "explain select chunk_id from chunk_embeddings where project_id = '{}' and scheme_id = 1"
        " order by embedding <=> '{}'::halfvec(384) limit 1"
    )
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("set enable_sort = off")
        for source, used in ((SOURCE, True), (OTHER, False)):
            asked = plan.format(source.project_id, unit(0).tolist())
            lines = " ".join(line for (line,) in connection.execute(asked.encode()))
            assert ("idx_hnsw_" in lines) is used


async def test_what_an_interrupted_build_left(database_url: str) -> None:
    """An invalid index is no index: it is built again."""
    async with open_pool(database_url) as pool:
        await filled(pool)
        await promote(pool, await alpha(pool))
        [(name, _)] = rows(database_url, INDEXES)
        rows(
            database_url,
            "update pg_index set indisvalid = false where indexrelid = %s::regclass returning 1",
            name,
        )
        assert not (await alpha(pool)).indexed
        assert await promote(pool, await alpha(pool))
    assert rows(database_url, INDEXES) == [(name, True)]


async def embed_rest(pool: AsyncConnectionPool, axis: int) -> int:
    """Give each chunk that lacks it one window of the new scheme; return how many did."""
    embedded = 0
    async for batch in unembedded(pool, SOURCE.project_id, NEW):
        await add_vectors(pool, batch, [np.stack([unit(axis)]) for _ in batch], NEW)
        embedded += len(batch)
    return embedded


async def test_the_old_vectors_serve_until_the_new_ones_are_complete(
    database_url: str, found: Callable[[], list[str]]
) -> None:
    """While one chunk lacks its new vectors the project is searched as before; then by the new ones alone."""
    async with open_pool(database_url) as pool:
        await filled(pool)
        before = found()
        first = await anext(unembedded(pool, SOURCE.project_id, NEW))
        await add_vectors(pool, first[:-1], [np.stack([unit(3)]) for _ in first[:-1]], NEW)
        assert not await serve(pool, SOURCE.project_id, NEW)
        assert found() == before
        assert (await alpha(pool)).scheme == SCHEME
        assert await embed_rest(pool, 3) == 1
        assert await serve(pool, SOURCE.project_id, NEW)
        told = await alpha(pool)
        assert (told.scheme, told.windows) == (NEW, 20)
        assert await serve(pool, SOURCE.project_id, NEW)
    assert len(found()) == 5
    left = (
        "select s.name, count(*) from chunk_embeddings e join embedding_schemes s on s.id = e.scheme_id"
        " group by 1"
    )
    assert sorted(rows(database_url, left)) == [(NEW, 20), (SCHEME, 2)]
    assert rows(database_url, "select distinct embedding_scheme from pages where project_id = %s",
                SOURCE.project_id) == [(NEW,)]  # fmt: skip


async def test_a_chunk_deleted_meanwhile(database_url: str) -> None:
    """A batch of which one chunk is gone is refused whole, and comes again without it."""
    async with open_pool(database_url) as pool:
        await filled(pool)
        batch = await anext(unembedded(pool, SOURCE.project_id, NEW))
        await store(pool, [make_page(SOURCE, Piece("other"), url=f"{URL}/0")], SCHEME)
        with pytest.raises(GiveUp):
            await add_vectors(pool, batch, [np.stack([unit(0)]) for _ in batch], NEW)
        assert await embed_rest(pool, 0) == 20


async def test_a_project_that_nothing_is_stored_of(database_url: str) -> None:
    """An empty project is neither promoted nor served by anything."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        told = await alpha(pool)
        assert (told.scheme, told.windows) == (None, 0)
        assert not await promote(pool, told)
        assert not await serve(pool, SOURCE.project_id, NEW)


async def test_a_late_page_by_other_settings_keeps_its_vectors(database_url: str) -> None:
    """A page that a worker with the old settings adds after the change keeps its vectors and its scheme's
    name until it is embedded anew: it must not pass for what it is not.
    """  # noqa: D205 - one claim
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        await store(pool, [make_page(SOURCE, Piece("first"))], NEW)
        await store(pool, [make_page(SOURCE, Piece("late"), url=f"{URL}/late")], SCHEME)
        assert not await serve(pool, SOURCE.project_id, NEW)
        schemes = "select embedding_scheme from pages order by url"
        assert rows(database_url, schemes) == [(NEW,), (SCHEME,)]
        assert rows(database_url, "select count(*) from chunk_embeddings") == [(2,)]
        await embed_rest(pool, 0)
        assert await serve(pool, SOURCE.project_id, NEW)
    assert rows(database_url, schemes) == [(NEW,), (NEW,)]
    assert rows(database_url, "select count(*) from chunk_embeddings") == [(2,)]


async def test_an_index_goes_with_its_vectors(database_url: str) -> None:
    """A promoted project that is embedded anew does not keep the old vectors' index."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        await store(pool, [make_page(SOURCE, Piece("text"))], SCHEME)
        [project] = await read_projects(pool, SOURCE.project_id)
        assert await promote(pool, project)
        await embed_rest(pool, 0)
        assert await serve(pool, SOURCE.project_id, NEW)
        indexes = "select count(*) from pg_class where relname like 'idx_hnsw%'"
        assert rows(database_url, indexes) == [(0,)]
        [project] = await read_projects(pool, SOURCE.project_id)
        assert (project.indexed, await promote(pool, project)) == (False, True)
        assert await serve(pool, SOURCE.project_id, NEW)
    assert rows(database_url, indexes) == [(1,)]
