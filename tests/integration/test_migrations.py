"""Migrations: once, in turns, and on Supabase's terms."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from alonchat_crawl.errors import StartupError
from alonchat_crawl.storage import migrate as migrations
from alonchat_crawl.storage.migrate import migrate
from tests.support.knowledge import rows

FIRST = "20261101000000_knowledge"
NAME = "migrations_test"


def at(url: str, database: str) -> str:
    """Return the URL of another database of the same server."""
    return urlsplit(url)._replace(path=f"/{database}").geturl()


@pytest.fixture
def empty_database(database_url: str) -> Iterator[str]:
    """A database without any schema."""
    with psycopg.connect(at(database_url, "postgres"), autocommit=True) as connection:
        connection.execute(f"create database {NAME} template template0".encode())
        yield at(database_url, NAME)
        connection.execute(f"drop database {NAME} with (force)".encode())


def test_applied_once(empty_database: str) -> None:
    """Every migration is applied, named and remembered; a second call does nothing."""
    first = migrate(empty_database)
    assert first[0] == FIRST
    assert first == sorted(first)
    assert migrate(empty_database) == []
    assert [name for (name,) in rows(empty_database, "select name from schema_migrations")] == first


def test_concurrent_starts(empty_database: str) -> None:
    """Of many processes starting at once, one applies each migration and none fails."""
    with ThreadPoolExecutor(8) as threads:
        applied = list(threads.map(migrate, [empty_database] * 8))
    assert [name for names in applied for name in names].count(FIRST) == 1


def test_the_former_lock_stops_nobody(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that holds the advisory lock of older versions, as anybody can, only delays a migration."""
    monkeypatch.setattr(migrations, "_FORMER_PATIENCE_SECONDS", 0.01)
    with psycopg.connect(empty_database, autocommit=True) as member:
        member.execute("select pg_advisory_lock(%s)", [migrations._FORMER_LOCK])
        assert migrate(empty_database)[0] == FIRST


@pytest.mark.parametrize("role", ["authenticated", "anon"])
def test_the_lock_is_not_a_members(database_url: str, role: str) -> None:
    """No member can lock the ledger, in whatever mode; the ledger's lock stops a migration."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        for mode in ("access share", "row share", "row exclusive", "share", "exclusive", "access exclusive"):
            with connection.transaction(), pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"lock table public.schema_migrations in {mode} mode".encode())


def test_a_lock_that_is_not_given_back(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another migration hangs, the wait ends with a sentence that says so, and nothing is changed."""
    monkeypatch.setattr(migrations, "PATIENCE_SECONDS", 0.05)
    migrate(empty_database)
    monkeypatch.setattr(migrations, "_migrations", lambda: {"20990101000000_more": b"create table more ()"})
    with psycopg.connect(empty_database) as other:
        other.execute(migrations._TURN)
        with pytest.raises(StartupError, match="something has held a lock on it for"):
            migrate(empty_database)
    assert migrate(empty_database) == ["20990101000000_more"]


def test_beside_an_older_version(empty_database: str) -> None:
    """A start of this version beside one of the version before, which takes turns by the advisory lock alone,
    waits for it: each migration is applied once and neither fails.
    """  # noqa: D205 - one claim
    name, text = next(iter(migrations._migrations().items()))
    with psycopg.connect(empty_database) as older, ThreadPoolExecutor(1) as threads:
        older.execute("select pg_advisory_xact_lock(%s)", [migrations._FORMER_LOCK])
        newer = threads.submit(migrate, empty_database)
        older.execute("set local search_path = public, extensions")
        older.execute(text)
        older.execute("insert into public.schema_migrations (name) values (%s)", [name])
        older.commit()
        assert name not in newer.result()
    assert migrate(empty_database) == []


def test_a_failing_migration_leaves_nothing(empty_database: str) -> None:
    """What cannot be applied is rolled back whole, and said in one sentence."""
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("create table chunk_embeddings (mine int)")
    with pytest.raises(StartupError, match="already exists"):
        migrate(empty_database)
    tables = rows(empty_database, "select tablename from pg_tables where schemaname = 'public'")
    assert tables == [("chunk_embeddings",)]


@pytest.mark.parametrize(
    "url", ["postgresql://u:hunter2@127.0.0.1:1/x", "postgresql://u:hunter2@/x?host=/nowhere"]
)
def test_unreachable(url: str) -> None:
    """A database that cannot be reached gives one sentence without the password."""
    with pytest.raises(StartupError) as caught:
        migrate(url)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


SUPABASE = """
    create schema auth; create schema extensions;
    create extension vector with schema extensions;
    create function auth.uid() returns uuid language sql stable as 'select null::uuid';
    grant usage on schema auth, extensions to public;
    grant create on database {database} to {owner};
    grant create on schema public to {owner};
    alter role {owner} in database {database} set search_path = "$user", public, extensions;
    alter default privileges for role {owner} in schema public
        grant all on tables to anon, authenticated, service_role;
    alter default privileges for role {owner} in schema public
        grant all on functions to anon, authenticated, service_role;
"""


def test_on_supabases_terms(empty_database: str) -> None:
    """A role that is no superuser migrates a database whose roles, auth and extension exist, and whose
    default privileges give everything to everyone: afterwards anon has nothing.
    """  # noqa: D205 - one claim
    owner = sql.Identifier("supabase_like")
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(sql.SQL("create role {} login createrole").format(owner))
        connection.execute(sql.SQL(SUPABASE).format(owner=owner, database=sql.Identifier(NAME)))
    try:
        parts = urlsplit(empty_database)
        netloc = "supabase_like@" + parts.netloc.rpartition("@")[2]
        assert migrate(parts._replace(netloc=netloc).geturl())[0] == FIRST
        granted = """select c.relname, g.* from pg_class c, aclexplode(c.relacl) g
            where c.relnamespace = 'public'::regnamespace and g.grantee in (0, 'anon'::regrole)"""
        assert rows(empty_database, granted) == []
        executable = """select p.proname from pg_proc p where p.pronamespace = 'public'::regnamespace
            and has_function_privilege('anon', p.oid, 'execute')"""
        assert rows(empty_database, executable) == []
        assert rows(empty_database, "select prosrc from pg_proc where oid = 'auth.uid()'::regprocedure") == [
            ("select null::uuid",)
        ]
    finally:
        with psycopg.connect(empty_database, autocommit=True) as connection:
            connection.execute(sql.SQL("drop owned by {} cascade").format(owner))
            connection.execute(sql.SQL("drop role {}").format(owner))


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
"""  # noqa: S608 - no value of anybody's


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
