"""Who may see and change what. Relations and functions come from the catalogue: future ones are covered."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from alonchat_crawl.errors import ReasonedError
from alonchat_crawl.storage.pages import store
from alonchat_crawl.storage.search import search
from alonchat_crawl.storage.sources import begin_crawl
from tests.support.knowledge import Piece, make_page, make_source, open_pool, rows, unit

ALICE, BOB = UUID(int=1), UUID(int=2)  # members of the projects alpha and bravo
ALPHA, BRAVO = make_source(project="alpha"), make_source(project="bravo")

RELATIONS = """
    select c.relname from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
    order by 1
"""
TABLES = """
    select c.relname, array_agg(a.attname::text order by a.attnum)
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    group by c.relname
"""
WRITES = (
    "insert into {table} ({columns}) select {columns} from {table}",
    "insert into {table} ({column}) values (default)",
    "update {table} set {column} = {column}",
    "delete from {table}",
    "truncate {table} cascade",
    "select from {table} for update",
    "copy {table} from stdin",
)
FUNCTIONS = """
    select p.oid::regprocedure::text, p.prosecdef, p.proconfig::text,
        has_function_privilege('anon', p.oid, 'execute'),
        has_function_privilege('authenticated', p.oid, 'execute')
    from pg_proc p
    where p.pronamespace = 'public'::regnamespace
        and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
    order by 1
"""


@pytest.fixture
async def two_projects(database_url: str) -> str:
    """A database in which two projects, with a member each, have stored a page."""
    async with open_pool(database_url) as pool:
        for source, user in ((ALPHA, ALICE), (BRAVO, BOB)):
            await begin_crawl(pool, source)
            await store(pool, [make_page(source, Piece(f"what {source.project_name} knows"))], "test/1")
            async with pool.connection() as connection:
                await connection.execute(
                    "insert into project_members (project_id, user_id) values (%s, %s)",
                    [source.project_id, user],
                )
    return database_url


@contextmanager
def acting(url: str, role: str, claims: str | None) -> Iterator[psycopg.Connection]:
    """Connect as the web's gateway would for a request: a role, and its token's claims."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        if claims is not None:
            connection.execute("select set_config('request.jwt.claims', %s, false)", [claims])
        yield connection


def member(user: UUID) -> str:
    """Return the claims of a user's token."""
    return json.dumps({"sub": str(user), "role": "authenticated"})


def relations(url: str) -> list[str]:
    """Return all tables and views, so that none can be forgotten."""
    found = [name for (name,) in rows(url, RELATIONS)]
    assert {"projects", "sources", "pages", "source_chunks", "chunk_embeddings"} <= set(found)
    return found


def contents(connection: psycopg.Connection, relation: str) -> list[str] | None:
    """Return a relation's rows as text, or None where reading it is denied."""
    query = sql.SQL("select to_jsonb(r)::text from {} r order by 1").format(sql.Identifier(relation))
    try:
        return [text for (text,) in connection.execute(query)]
    except psycopg.errors.InsufficientPrivilege:
        return None


def snapshot(url: str) -> dict[str, Any]:
    """Return everything that is stored, as the owner sees it."""
    names = relations(url)
    with psycopg.connect(url, autocommit=True) as connection:
        return {name: contents(connection, name) for name in names}


def test_a_member_reads_its_own_project_only(two_projects: str) -> None:
    """Through every table and view, a member of alpha sees alpha's rows and none of bravo's."""
    seen = {}
    with acting(two_projects, "authenticated", member(ALICE)) as connection:
        for name in relations(two_projects):
            seen[name] = contents(connection, name)
            assert not any(mark in str(seen[name]) for mark in (str(BRAVO.project_id), "bravo", str(BOB))), (
                name
            )
    own = ("projects", "project_members", "sources", "pages", "source_chunks", "chunk_embeddings")
    assert {name: len(seen[name] or ()) for name in own} == dict.fromkeys(own, 1)
    assert seen["schema_migrations"] is None


@pytest.mark.parametrize("claims", [None, member(ALICE)])
def test_anon_reads_nothing(two_projects: str, claims: str | None) -> None:
    """Reading any table or view is denied to anon, whatever its token claims."""
    with acting(two_projects, "anon", claims) as connection:
        assert {contents(connection, name) is None for name in relations(two_projects)} == {True}
        with pytest.raises(ReasonedError, match="permission denied"):
            search(connection, ALPHA.project_id, unit(0), "knows", 5)


def test_the_service_role_reads_and_writes_all(two_projects: str) -> None:
    """The service role sees what the owner sees, and may erase a project with all that is its own."""
    before = snapshot(two_projects)
    with acting(two_projects, "service_role", None) as connection:
        assert {name: contents(connection, name) for name in before} == before
        assert len(search(connection, BRAVO.project_id, unit(0), "knows", 5)) == 1
        connection.execute("delete from projects where id = %s", [BRAVO.project_id])
    assert str(BRAVO.project_id) not in str(snapshot(two_projects))
    assert str(ALPHA.project_id) in str(snapshot(two_projects))


@pytest.mark.parametrize(
    "claims",
    [None, "", "{", "null", "[]", '"text"', "{}", '{"sub": null}', '{"sub": ""}', '{"sub": 7}', '{"sub": {}}',
     '{"sub": "not a uuid"}', '{"sub": "\\u0000"}', "[" * 100_000, member(UUID(int=3))],
)  # fmt: skip
def test_claims_that_name_nobody(two_projects: str, claims: str | None) -> None:
    """Absent, malformed and unknown claims raise nothing and show nothing."""
    with acting(two_projects, "authenticated", claims) as connection:
        assert {str(contents(connection, name) or []) for name in relations(two_projects)} == {"[]"}
        assert search(connection, ALPHA.project_id, unit(0), "knows", 5) == []


@pytest.mark.parametrize(
    ("role", "user"), [("authenticated", ALICE), ("anon", ALICE), ("authenticated", None)]
)
def test_denied_writes_change_nothing(two_projects: str, role: str, user: UUID | None) -> None:
    """No member and no anonymous user inserts, copies, moves, changes or deletes a row, its own included."""
    before = snapshot(two_projects)
    tables = rows(two_projects, TABLES)
    assert len(tables) >= 7
    with acting(two_projects, role, member(user) if user else None) as connection:
        for table, columns in tables:
            for statement in WRITES:
                query = sql.SQL(statement).format(
                    table=sql.Identifier(table),
                    columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                    column=sql.Identifier(columns[0]),
                )
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(query)
    assert snapshot(two_projects) == before


def test_a_member_cannot_make_itself_another_projects(two_projects: str) -> None:
    """Membership is not the member's to give."""
    with (
        acting(two_projects, "authenticated", member(ALICE)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(
            "insert into project_members (project_id, user_id) values (%s, %s)", [BRAVO.project_id, ALICE]
        )


def test_search_through_the_function(two_projects: str) -> None:
    """A member's search answers from its own project, and from another's with nothing."""
    with acting(two_projects, "authenticated", member(ALICE)) as connection:
        assert [hit.content for hit in search(connection, ALPHA.project_id, unit(0), "knows", 5)] == [
            "what alpha knows"
        ]
        assert search(connection, BRAVO.project_id, unit(0), "knows", 5) == []


def test_members_statements_are_limited(database_url: str) -> None:
    """Whoever logs in as a member runs no statement for long, keeps no transaction open, fills no disk."""
    [(configuration,)] = rows(database_url, "select rolconfig from pg_roles where rolname = 'authenticated'")
    names = {setting.partition("=")[0] for setting in configuration}
    assert {"statement_timeout", "idle_in_transaction_session_timeout", "temp_file_limit"} <= names


def test_every_function_is_harmless(database_url: str) -> None:
    """Every function runs as its caller, under a fixed search path, and anon may call none; those that
    members may call are listed here, because each must be shown not to leak.
    """  # noqa: D205 - one claim
    for_members = set()
    for name, security_definer, configuration, by_anon, by_member in rows(database_url, FUNCTIONS):
        assert not security_definer, name
        assert "search_path" in (configuration or ""), name
        assert not by_anon, name
        for_members |= {name.partition("(")[0]} if by_member else set()
    assert for_members == {"match_chunks", "searchable", "word_query"}


def test_every_relation_is_guarded(database_url: str) -> None:
    """Every table has row-level security on and every view obeys its reader's."""
    kinds = """select c.relname, c.relkind in ('r', 'p') and c.relrowsecurity
            or c.relkind = 'v' and coalesce('security_invoker=true' = any (c.reloptions), false)
        from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')"""
    assert {name for name, guarded in rows(database_url, kinds) if not guarded} == set()


def test_a_future_table_is_nobodys_by_default(database_url: str) -> None:
    """What a later migration creates and forgets to guard can be read by no one but its owner."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("create table forgotten (secret text)")
        connection.execute("create function leak() returns int language sql as 'select 1'")
        for role in ("anon", "authenticated"):
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
            assert contents(connection, "forgotten") is None
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("select leak()")
            connection.execute("reset role")
