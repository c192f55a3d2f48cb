"""Brings a database's schema up to date, by timestamped SQL files, forward only."""

from contextlib import suppress
from importlib.resources import files

import psycopg
from psycopg.errors import LockNotAvailable, UniqueViolation

from alonchat_crawl.errors import StartupError

PATIENCE_SECONDS = 60.0
# Migrations take turns by a lock on the table of applied migrations. The first process creates the table; the
# first migration, in the same transaction, denies members access to it.
_LEDGER = """create table if not exists public.schema_migrations (
    name text primary key,
    applied_at timestamptz not null default now()
)"""
_TURN = "lock table public.schema_migrations in share row exclusive mode"
# Older versions took turns by this advisory lock. Any user can hold it, so we do not wait long for it.
_FORMER_LOCK = 0x616C6F6E63686174
_FORMER_PATIENCE_SECONDS = 5.0
# On Supabase, the vector type is in `extensions`; elsewhere, Postgres ignores the missing schema.
_SEARCH_PATH = "set local search_path = public, extensions"


def _migrations() -> dict[str, bytes]:
    """Return all migrations by name, oldest first. Read as package data, which also works in an egg."""
    folder = files("alonchat_crawl.storage").joinpath("sql", "migrations")
    found = {entry.name: entry for entry in folder.iterdir() if entry.name.endswith(".sql")}
    return {name.removesuffix(".sql"): found[name].read_bytes() for name in sorted(found)}


def _applied(connection: psycopg.Connection) -> set[str]:
    # Not by to_regclass, which may answer from a cache that is older than the wait for the lock.
    known = "select 1 from pg_tables where schemaname = 'public' and tablename = 'schema_migrations'"
    if not connection.execute(known).fetchone():
        return set()
    return {name for (name,) in connection.execute("select name from public.schema_migrations")}


def _take_turn(connection: psycopg.Connection) -> None:
    """Keep other processes from migrating until this transaction ends. Raises LockNotAvailable."""
    _wait_at_most(connection, _FORMER_PATIENCE_SECONDS)
    with suppress(LockNotAvailable), connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_FORMER_LOCK])
    _wait_at_most(connection, PATIENCE_SECONDS)
    with suppress(UniqueViolation), connection.transaction():  # another process has just created it
        connection.execute(_LEDGER)
    connection.execute(_TURN)


def _wait_at_most(connection: psycopg.Connection, seconds: float) -> None:
    connection.execute("select set_config('lock_timeout', %s, true)", [f"{seconds * 1000:.0f}ms"])


def _apply(connection: psycopg.Connection, name: str, sql: bytes) -> bool:
    """Run one migration in one transaction, unless another process has just done so."""
    with connection.transaction():
        _take_turn(connection)
        if name in _applied(connection):
            return False
        connection.execute(_SEARCH_PATH)
        connection.execute(sql)
        connection.execute("insert into public.schema_migrations (name) values (%s)", [name])
        return True


def migrate(database_url: str) -> list[str]:
    """Apply missing migrations and return their names, oldest first.

    Raises StartupError if the database cannot be reached or refuses.
    """
    try:
        with psycopg.connect(database_url, autocommit=True, prepare_threshold=None) as connection:
            done = _applied(connection)
            return [
                name
                for name, sql in _migrations().items()
                if name not in done and _apply(connection, name, sql)
            ]
    except LockNotAvailable as error:
        raise StartupError(
            "The database could not be brought up to date: something has held a lock on it for "
            f"{PATIENCE_SECONDS:.0f} s, another migration or a long transaction. "
            "Nothing was changed; run `scrapy migrate` again."
        ) from error
    except psycopg.Error as error:
        # Not the whole message: libpq quotes parts of the connection string.
        message = error.diag.message_primary or "it cannot be reached or refuses the connection"
        raise StartupError(f"The database could not be brought up to date: {message}.") from error
