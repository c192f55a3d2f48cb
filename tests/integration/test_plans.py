"""What a statement reads: few rows, or its own project's, whatever else is stored and the planner knows."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from alonchat_crawl.storage.queries import QUERIES
from tests.support.growth import GROWING, Reader, Reads, Size, load, name_of
from tests.support.statements import ALL_OWN, FEW, PROJECT, READS_ALL_OWN, values_of

SIZES = {
    "1k of 1,000": Size.even(1_000, 1_000),
    "20k of one": Size.even(20_000, 1),
    "20k of 1,000": Size.even(20_000, 1_000),
    "1k beside 40k": Size.beside(40_000, 1_000),
}
SMALL_TABLE = 1_000  # rows; to read all of it may be right
MEMBER, STRANGER, NOWHERE = name_of("user", 0), name_of("user", "nobody"), name_of("project", "nowhere")
MEMBERS_TABLES = sorted(GROWING - {"projects"})


CASES = {f"{name}, {known}": (size, known == "analysed")
         for name, size in SIZES.items() for known in ("new", "analysed")}  # fmt: skip


@dataclass(frozen=True)
class Grown:
    """A filled database."""

    size: Size
    reader: Reader


@pytest.fixture(scope="module", params=list(CASES.values()), ids=list(CASES))
def grown(request: pytest.FixtureRequest, template_database: str) -> Iterator[Grown]:
    """A database of some size, of which the planner knows nothing yet, or all."""
    size, analysed = request.param
    with psycopg.connect(
        template_database.replace("/alonchat?", "/postgres?"), autocommit=True
    ) as connection:
        connection.execute("create database grown template alonchat")
        url = template_database.replace("/alonchat?", "/grown?")
        load(url, size)
        if analysed:
            with psycopg.connect(url, autocommit=True) as owner:
                owner.execute("vacuum analyze")
        with Reader.of(url) as reader:
            yield Grown(size, reader)
        connection.execute("drop database grown with (force)")


def excess(name: str, read: Reads, size: Size) -> str:
    """Say what a statement read beyond what it may; empty where it is within."""
    large = {table for table in read.scanned if size.rows(table) > SMALL_TABLE}
    rows = sum(rows for table, rows in read.rows.items() if table in large or table not in read.scanned)
    may = FEW + (ALL_OWN * size.own_rows if name in READS_ALL_OWN else 0)
    if rows > may:
        return f"{rows} rows, not {may}: {dict(read.rows)}"
    if large and (size.tenants > 1 or name not in READS_ALL_OWN):
        return f"all of {', '.join(sorted(large))}"
    return ""


def test_every_statement(grown: Grown) -> None:
    """A statement reads few rows; those that concern a whole project, a few times its rows; none reads a
    table that others fill from end to end.
    """  # noqa: D205 - one claim
    found = {
        name: excess(name, grown.reader.reads(query, values_of(name)), grown.size)
        for name, query in QUERIES.items()
    }
    assert {name: said for name, said in found.items() if said} == {}


def test_erasing(grown: Grown) -> None:
    """To erase a page reads its own rows; to erase a source, a few times all of its rows."""
    for table, name in (("pages", ""), ("sources", "finish_source")):
        erase = f"delete from {table} where id = %(id)s"  # noqa: S608 - our own names
        read = grown.reader.reads(erase.encode(), {"id": name_of(table.removesuffix("s"), 0)})
        assert excess(name, read, grown.size) == "", table


def test_a_project_that_has_no_vectors_of_a_scheme(grown: Grown) -> None:
    """While a project is embedded anew, a page's chunks are sought among few that have no vectors yet."""
    asked = {**values_of("known_chunks"), "scheme": "test/2"}
    assert excess("known_chunks", grown.reader.reads(QUERIES["known_chunks"], asked), grown.size) == ""


def test_a_stranger_learns_nothing_from_the_clock(grown: Grown) -> None:
    """Whoever searches, or reads a table of, a project that is not its own reads none of its rows, as if it
    did not exist. (Where one project is nearly all that a table holds, the planner may read all of it.)
    """  # noqa: D205 - one claim
    for project in (PROJECT, NOWHERE):
        asked = {**values_of("match_chunks"), "project_id": project}
        assert grown.reader.reads(QUERIES["match_chunks"], asked, STRANGER).rows.keys() <= {"project_members"}
        for table in MEMBERS_TABLES:
            query = f"select count(*) from {table} where project_id = %(project_id)s"  # noqa: S608 - our own names
            read = grown.reader.reads(query.encode(), asked, STRANGER)
            assert table not in read.rows or table in read.scanned, (project, read)
            large = {scanned for scanned in read.scanned if grown.size.rows(scanned) > SMALL_TABLE}
            assert not large or grown.size.tenants == 1, (project, read)


def test_a_member_reads_its_own_rows(grown: Grown) -> None:
    """A member's search reads its project's rows only, under row-level security as without."""
    read = grown.reader.reads(QUERIES["match_chunks"], values_of("match_chunks"), MEMBER)
    assert read.total <= FEW + 2 * ALL_OWN * grown.size.own_rows
    assert "chunk_embeddings" not in read.scanned
    assert "source_chunks" not in read.scanned


@pytest.mark.parametrize("name", sorted(READS_ALL_OWN))
def test_every_exception_is_a_statement(name: str) -> None:
    """A statement that is gone is no exception any more."""
    assert name in QUERIES
