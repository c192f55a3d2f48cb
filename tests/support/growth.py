"""A database that has grown, made by SQL alone, and how many of its rows a statement reads.

A page has 5 chunks of 2 windows each; the last chunk of every page has the same text. The tenant that is
asked about is number 0. Rows are counted by Postgres itself, wherever they are read: in a function, in a
trigger, in a parallel worker.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import md5
from typing import Any
from uuid import UUID

import psycopg
from pgvector.psycopg import register_vector

CHUNKS, WINDOWS = 5, 2  # of a page, of a chunk
GROWING = frozenset(
    (
        "projects",
        "project_members",
        "sources",
        "pages",
        "source_chunks",
        "chunk_embeddings",
        "blocklist_rules",
    )
)

# Foreign keys are not checked while loading, which would take as long as all the rest.
_LOAD = """
set session_replication_role = replica;
insert into projects (id, name, embedding_scheme_id)
    select md5('project' || n)::uuid, 'project ' || n, 1 from generate_series(0, {tenants} - 1) n;
insert into project_members (project_id, user_id)
    select md5('project' || n)::uuid, md5('user' || n)::uuid from generate_series(0, {tenants} - 1) n;
insert into embedding_schemes (name) values ('test/1'), ('test/2');
insert into sources (id, project_id, url, status, crawl_id, started_at)
    select md5('source' || n)::uuid, md5('project' || n)::uuid, 'https://' || n || '.example/', 'completed',
        md5('crawl' || n)::uuid, now() from generate_series(0, {tenants} - 1) n;
insert into blocklist_rules (project_id, rule)
    select md5('project' || n)::uuid, n || '.example' from generate_series(0, {tenants} - 1) n;
insert into blocklist_rules (rule) select 'all ' || n from generate_series(1, {pages}) n;
create temporary table owned as
    select n, least(n % {every}, {tenants} - 1) as owner from generate_series(0, {pages} - 1) n;
insert into pages (id, project_id, source_id, url, content_type, content_sha256, embedding_scheme, etag,
    links, crawl_id, fetched_at, read_at)
    select md5('page' || n)::uuid, md5('project' || owner)::uuid, md5('source' || owner)::uuid,
        'https://' || owner || '.example/' || n, 'documentation', decode(md5('text' || n), 'hex'), 'test/1',
        '"1"', '{{}}', md5('crawl' || owner)::uuid, now(), now()
    from owned;
insert into source_chunks (id, project_id, source_id, page_id, position, content, content_type, token_count,
    text_sha256, sketch)
    select md5('chunk' || n || '/' || c)::uuid, md5('project' || owner)::uuid, md5('source' || owner)::uuid,
        md5('page' || n)::uuid, c, 'common word' || n % 997 || ' name' || n || 'x' || c, 'documentation', 9,
        decode(md5(case c when {chunks} - 1 then 'everywhere' else 'chunk' || n || '/' || c end), 'hex'),
        0
    from owned, generate_series(0, {chunks} - 1) c;
create temporary table vectors as
    select v,
        (select array_agg(random() + i * 0 + v * 0) from generate_series(1, 384) i)::real[]::halfvec(384) e
    from generate_series(0, 99) v;
insert into chunk_embeddings (chunk_id, project_id, source_id, scheme_id, window_index, embedding)
    select md5('chunk' || n || '/' || c)::uuid, md5('project' || owner)::uuid, md5('source' || owner)::uuid,
        1, w, v.e
    from owned cross join generate_series(0, {chunks} - 1) c cross join generate_series(0, {windows} - 1) w
        join vectors v on v.v = (n + c) % 100;
reset session_replication_role;
"""
_READS = b"""
    select relname, coalesce(seq_scan, 0), coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0),
        (select coalesce(sum(i.idx_tup_read), 0)::bigint from pg_stat_user_indexes i where i.relid = t.relid)
    from pg_stat_user_tables t where schemaname = 'public'
"""


@dataclass(frozen=True, slots=True)
class Size:
    """What is stored, and how much of it is tenant 0's."""

    windows: int
    tenants: int
    every: int
    """Tenant 0 has the first of so many pages; its pages lie between the others'."""

    @property
    def pages(self) -> int:
        """How many there are."""
        return self.windows // (CHUNKS * WINDOWS)

    @property
    def own_rows(self) -> int:
        """How many pages, chunks and windows are tenant 0's, in all."""
        return -(-self.pages // self.every) * (1 + CHUNKS + CHUNKS * WINDOWS)

    def rows(self, table: str) -> int:
        """How many a growing table has."""
        chunks = self.pages * CHUNKS
        of_pages = {"pages": self.pages, "source_chunks": chunks, "chunk_embeddings": chunks * WINDOWS}
        return of_pages.get(table, self.tenants + (self.pages if table == "blocklist_rules" else 0))

    @classmethod
    def even(cls, windows: int, tenants: int) -> "Size":
        """All tenants have as much."""
        return cls(windows, tenants, tenants)

    @classmethod
    def beside(cls, windows: int, own: int) -> "Size":
        """Tenant 0 has `own` windows, one other tenant all the rest."""
        return cls(windows, 2, windows // own)


def load(url: str, size: Size) -> None:
    """Fill an empty database; nothing of it is analysed."""
    with psycopg.connect(url, autocommit=True) as connection:
        statements = _LOAD.format(
            pages=size.pages, tenants=size.tenants, every=size.every, chunks=CHUNKS, windows=WINDOWS
        )
        for table in GROWING:  # or it would be analysed a minute later
            connection.execute(f"alter table {table} set (autovacuum_enabled = false)".encode())
        for statement in statements.split(";\n"):
            connection.execute(statement.encode())


def name_of(kind: str, number: object) -> UUID:
    """Return the id that a row was loaded with."""
    return UUID(md5(f"{kind}{number}".encode(), usedforsecurity=False).hexdigest())


@dataclass(frozen=True, slots=True)
class Reads:
    """What a statement read of the tables that grow."""

    rows: Mapping[str, int]
    """By table, where there were any: rows, or entries of its indexes, whichever are more."""
    scanned: frozenset[str]
    """Tables that were read from end to end."""

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.rows.values())


class Reader:
    """Runs statements, undoes what they change, and counts what they read."""

    def __init__(self, connection: psycopg.Connection, observer: psycopg.Connection) -> None:
        self._connection, self._observer = connection, observer

    @classmethod
    @contextmanager
    def of(cls, url: str) -> Iterator["Reader"]:
        """Connect."""
        with (
            psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection,
            psycopg.connect(url, autocommit=True) as observer,
        ):
            register_vector(connection)
            yield cls(connection, observer)

    def reads(self, query: bytes, values: Mapping[str, Any], member: UUID | None = None) -> Reads:
        """Run one statement, as the owner or as a member; return what it read."""
        before = self._counts()
        with self._connection.transaction(force_rollback=True):
            if member is not None:
                claims = json.dumps({"sub": str(member)})
                self._connection.execute("select set_config('request.jwt.claims', %s, true)", [claims])
                self._connection.execute("set local role authenticated")
            self._connection.execute(query, values)
        read = {
            table: (scans - before[table][0], max(rows - before[table][1], entries - before[table][2]))
            for table, (scans, rows, entries) in self._counts().items()
        }
        return Reads(
            {table: rows for table, (_, rows) in read.items() if rows},
            frozenset(table for table, (scans, _) in read.items() if scans),
        )

    def _counts(self) -> dict[str, tuple[int, int, int]]:
        self._connection.execute("select pg_stat_force_next_flush()")
        found = self._observer.execute(_READS)
        return {name: (scans, rows, entries) for name, scans, rows, entries in found if name in GROWING}
