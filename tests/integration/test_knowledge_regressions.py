"""Defects that a review found in how knowledge is stored, embedded anew and migrated; each stays fixed."""

import asyncio
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import cast
from urllib.parse import urlsplit

import numpy as np
import psycopg
import pytest
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from alonchat_crawl.control.project_upkeep import ProjectUpkeep
from alonchat_crawl.errors import Outage
from alonchat_crawl.items import EmbeddedPage, StoredPage
from alonchat_crawl.reasons import Reason
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.sources import SourceProgress
from alonchat_crawl.storage import migrate as migrations
from alonchat_crawl.storage.group_commit import GroupCommit
from alonchat_crawl.storage.pages import store
from alonchat_crawl.storage.projects import add_vectors, promote, read_projects, serve, unembedded
from alonchat_crawl.storage.sources import begin_crawl
from tests.integration.test_migrations import NAME, SUPABASE, empty_database
from tests.support.knowledge import SCHEME, URL, Piece, make_page, make_source, open_pool, rows, unit

__all__ = ["empty_database"]

SOURCE = make_source()
NEW = "another/1"
FIRST_OF_NEW = "20261125"
VECTOR = "array_fill(0.1, array[384])::real[]::extensions.halfvec"
RELEASED_ROWS = f"""
    insert into projects (name) values ('full'), ('empty');
    insert into sources (project_id, url) select id, 'https://x.example/' from projects where name = 'full';
    insert into pages (id, project_id, source_id, url, title, content_type, content_sha256, embedding_scheme,
        crawl_id, fetched_at)
    select gen_random_uuid(), project_id, id, n::text, 'Title', 'article', '', 'scheme ' || n % 2,
        gen_random_uuid(), now()
    from sources, generate_series(1, 3) n;
    insert into source_chunks (id, project_id, source_id, page_id, position, content, content_type,
        token_count)
    select gen_random_uuid(), project_id, source_id, id, n, 'passwords', 'article', 1
    from pages, generate_series(0, 1) n;
    insert into chunk_embeddings (chunk_id, project_id, source_id, window_index, embedding)
    select id, project_id, source_id, 0, {VECTOR} from source_chunks;
"""  # noqa: S608  no value of anybody's


@pytest.fixture
def supabase_url(empty_database: str) -> Iterator[str]:
    """The URL by which a role that is no superuser owns a database like one of Supabase."""
    owner, parts = sql.Identifier("supabase_upgrade"), urlsplit(empty_database)
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(sql.SQL("create role {} login createrole").format(owner))
        connection.execute(sql.SQL(SUPABASE).format(owner=owner, database=sql.Identifier(NAME)))
        yield parts._replace(netloc="supabase_upgrade@" + parts.netloc.rpartition("@")[2]).geturl()
        connection.execute(sql.SQL("drop owned by {} cascade").format(owner))
        connection.execute(sql.SQL("drop role {}").format(owner))


def test_an_upgrade_of_what_is_stored(supabase_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filled database of the first release is migrated without a superuser, in a session that has not used
    pgvector yet; each project is searched by the scheme of most of its pages.
    """  # noqa: D205 - one claim
    known = migrations._migrations()
    with monkeypatch.context() as patched:
        released = {name: text for name, text in known.items() if name < FIRST_OF_NEW}
        patched.setattr(migrations, "_migrations", lambda: released)
        migrations.migrate(supabase_url)
    with psycopg.connect(supabase_url, autocommit=True) as connection:
        connection.execute(RELEASED_ROWS.encode())
    assert migrations.migrate(supabase_url)[0].startswith(FIRST_OF_NEW)
    by = "select o.name, s.name from projects o left join embedding_schemes s on s.id = o.embedding_scheme_id"
    assert sorted(rows(supabase_url, by)) == [("empty", None), ("full", "scheme 1")]
    assert rows(supabase_url, "select count(*) from chunk_embeddings where scheme_id is not null") == [(6,)]
    asked = f"select count(*) from projects o, match_chunks(o.id, {VECTOR}, 'password') where o.name = 'full'"  # noqa: S608
    assert rows(supabase_url, asked) == [(6,)]


@pytest.mark.parametrize("texts", [("old", "new"), ("same", "same")])
async def test_a_page_twice_in_a_group(database_url: str, texts: tuple[str, str]) -> None:
    """Of a page that comes twice in one group, by two addresses, only the later text is stored."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        stored = await store(pool, [make_page(SOURCE, Piece(text)) for text in texts], SCHEME)
    assert [page.chunks for page in stored] == [1, 1]
    assert rows(database_url, "select content from source_chunks") == [(texts[1],)]


async def embed_anew(pool: AsyncConnectionPool) -> None:
    """Give every chunk the vectors of NEW that it lacks."""
    async for batch in unembedded(pool, SOURCE.project_id, NEW):
        await add_vectors(pool, batch, [np.stack([unit(0)]) for _ in batch], NEW)


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
        await embed_anew(pool)
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
        await embed_anew(pool)
        assert await serve(pool, SOURCE.project_id, NEW)
        indexes = "select count(*) from pg_class where relname like 'idx_hnsw%'"
        assert rows(database_url, indexes) == [(0,)]
        [project] = await read_projects(pool, SOURCE.project_id)
        assert (project.indexed, await promote(pool, project)) == (False, True)
        assert await serve(pool, SOURCE.project_id, NEW)
    assert rows(database_url, indexes) == [(1,)]


async def test_an_error_of_no_kind_keeps_nobody_waiting() -> None:
    """Where storing a page raises what nobody foresaw, that page has it, and the others are stored."""

    async def write(pages: Sequence[EmbeddedPage]) -> list[StoredPage]:
        if any(page.page.markdown == "bad" for page in pages):
            raise OverflowError
        return [StoredPage(page.page.provenance, 1, 1) for page in pages]

    commits = GroupCommit(write, group_windows=2, writers=1)
    pages = [make_page(SOURCE, Piece(text)) for text in ("bad", "a", "bad", "b")]
    async with asyncio.timeout(10):
        ends = await asyncio.gather(*map(commits.store, pages), return_exceptions=True)
    assert [type(end) for end in ends] == [OverflowError, StoredPage, OverflowError, StoredPage]


async def test_an_outage_holds_a_shutdown_up_once() -> None:
    """Where Postgres is away, a worker that ends waits for it once, however many projects are due."""
    asked = 0

    async def postgres() -> AsyncConnectionPool:
        nonlocal asked
        asked += 1
        raise Outage(Reason.POSTGRES, "It is away.")

    tending = ProjectUpkeep(cast("Connections", SimpleNamespace(postgres=postgres)), SCHEME, 1)
    for project in ("alpha", "bravo", "charlie"):
        completed = SimpleNamespace(source=make_source(project=project))
        tending.source_completed(cast("SourceProgress", completed))
    await tending.spider_closed()
    assert asked == 1
