"""Brings a database's schema up to date: timestamped SQL files, forward only."""

from importlib.resources import files

import psycopg

from alonchat_crawl.errors import StartupError

# Any constant will do as long as it stays the same: it makes concurrent starts take turns.
_LOCK = 0x616C6F6E63686174
_PATIENCE = "set local lock_timeout = '60s'"
# On Supabase the vector type lives in `extensions`; a schema that does not exist is passed over.
_SEARCH_PATH = "set local search_path = public, extensions"


def _migrations() -> dict[str, bytes]:
    """All migrations by name, oldest first; read as package data, so that an egg will do."""
    folder = files("alonchat_crawl.storage").joinpath("sql", "migrations")
    found = {entry.name: entry for entry in folder.iterdir() if entry.name.endswith(".sql")}
    return {name.removesuffix(".sql"): found[name].read_bytes() for name in sorted(found)}


def _applied(connection: psycopg.Connection) -> set[str]:
    # Asked of pg_tables: to_regclass may answer from a cache older than the wait for the lock.
    known = "select 1 from pg_tables where schemaname = 'public' and tablename = 'schema_migrations'"
    if not connection.execute(known).fetchone():
        return set()
    return {name for (name,) in connection.execute("select name from public.schema_migrations")}


def _apply(connection: psycopg.Connection, name: str, sql: bytes) -> bool:
    """Run one migration in one transaction, unless somebody else just did."""
    with connection.transaction():
        connection.execute(_PATIENCE)
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        if name in _applied(connection):
            return False
        connection.execute(_SEARCH_PATH)
        connection.execute(sql)
        connection.execute("insert into public.schema_migrations (name) values (%s)", [name])
        return True


def migrate(database_url: str) -> list[str]:
    """Apply what is missing and return its names, oldest first.

    Raises StartupError where the database cannot be reached or refuses.
    """
    try:
        with psycopg.connect(database_url, autocommit=True, prepare_threshold=None) as connection:
            done = _applied(connection)
            return [
                name
                for name, sql in _migrations().items()
                if name not in done and _apply(connection, name, sql)
            ]
    except psycopg.Error as error:
        # Not the error's own text: libpq quotes parts of the connection string in it.
        said = error.diag.message_primary or "it cannot be reached or refuses the connection"
        raise StartupError(f"The database could not be brought up to date: {said}.") from error
