"""Chunks that are stored already: recognised, kept, moved, shared within a project, never across."""

from dataclasses import replace

import numpy as np
import pytest
from psycopg_pool import AsyncConnectionPool

from alonchat_crawl.errors import Retry
from alonchat_crawl.items import ChunkedPage, EmbeddedChunk, EmbeddedPage
from alonchat_crawl.sources import Source
from alonchat_crawl.storage.pages import known_chunks, store
from alonchat_crawl.storage.sources import begin_crawl
from tests.support.knowledge import (
    SCHEME,
    URL,
    Piece,
    count,
    make_page,
    make_source,
    open_pool,
    rows,
    unit,
)

SOURCE, OTHER_SITE = make_source(), make_source("blog")
OTHER_PROJECT = make_source("shop", "bravo")
VERSIONS = "select content, position, xmin::text from source_chunks order by position"


def chunked(page: EmbeddedPage) -> ChunkedPage:
    """Return the page as it was before it was embedded."""
    return ChunkedPage(page.page, tuple(each.chunk for each in page.chunks))


def with_known(page: EmbeddedPage, known: dict[int, EmbeddedChunk]) -> EmbeddedPage:
    """Return the page as the embed stage does: known chunks as they are, the others embedded."""
    return replace(page, chunks=tuple(known.get(each.chunk.position, each) for each in page.chunks))


async def stored(pool: AsyncConnectionPool, source: Source, page: EmbeddedPage) -> None:
    """Store a page of a source, which is begun."""
    await begin_crawl(pool, source)
    await store(pool, [page], SCHEME)


def titled(page: EmbeddedPage, title: str) -> EmbeddedPage:
    """Return the page under another title."""
    return replace(page, page=replace(page.page, title=title))


async def test_one_changed_paragraph_costs_one_chunk(database_url: str) -> None:
    """Of a page whose second of four chunks changed, only that needs embedding and is written."""
    async with open_pool(database_url) as pool:
        await stored(pool, SOURCE, make_page(SOURCE, *map(Piece, ["one", "two", "three", "four"])))
        before = {content: version for content, _, version in rows(database_url, VERSIONS)}
        windows = dict(rows(database_url, "select chunk_id, xmin::text from chunk_embeddings"))
        changed = make_page(SOURCE, *map(Piece, ["one", "2", "three", "four"]))
        known = await known_chunks(pool, chunked(changed), SCHEME)
        assert {position: each.vectors for position, each in known.items()} == {0: None, 2: None, 3: None}
        await store(pool, [with_known(changed, known)], SCHEME)
    found = rows(database_url, VERSIONS)
    assert [content for content, _, _ in found] == ["one", "2", "three", "four"]
    assert set(before) - {content for content, _, _ in found} == {"two"}
    after = dict(rows(database_url, "select chunk_id, xmin::text from chunk_embeddings"))
    assert len(after) == 4
    assert len(after.items() & windows.items()) == 3


async def test_a_chunk_put_in_above_moves_the_others(database_url: str) -> None:
    """What stands lower now keeps its vectors, and its place is told anew."""
    async with open_pool(database_url) as pool:
        await stored(pool, SOURCE, make_page(SOURCE, Piece("one"), Piece("two")))
        longer = make_page(SOURCE, Piece("zero"), Piece("one"), Piece("two"))
        known = await known_chunks(pool, chunked(longer), SCHEME)
        assert sorted(known) == [1, 2]
        await store(pool, [with_known(longer, known)], SCHEME)
    places = "select content, position, start_char, end_char from source_chunks order by position"
    assert rows(database_url, places) == [("zero", 0, 0, 4), ("one", 1, 6, 9), ("two", 2, 11, 14)]
    assert count(database_url, "chunk_embeddings", SOURCE.source_id) == 3


async def test_a_text_that_a_page_repeats(database_url: str) -> None:
    """The same chunk twice on a page is two chunks; the third is new, and takes the others' vectors."""
    async with open_pool(database_url) as pool:
        await stored(pool, SOURCE, make_page(SOURCE, Piece("same"), Piece("same")))
        thrice = make_page(SOURCE, Piece("same"), Piece("same"), Piece("same"))
        known = await known_chunks(pool, chunked(thrice), SCHEME)
        assert sorted(known) == [0, 1]
        await store(pool, [with_known(thrice, known)], SCHEME)
    assert count(database_url, "source_chunks", SOURCE.source_id) == 3


@pytest.mark.parametrize("source", [SOURCE, OTHER_SITE])
async def test_other_pages_of_the_project_lend_their_vectors(database_url: str, source: Source) -> None:
    """A text that another page of the project holds, of whatever source, is written but not embedded."""
    async with open_pool(database_url) as pool:
        lender = titled(make_page(SOURCE, Piece("shared", ((1,), (2,)))), "Terms")
        await stored(pool, SOURCE, lender)
        borrower = titled(make_page(source, Piece("shared"), Piece("own"), url=f"{URL}/2"), "Terms")
        known = await known_chunks(pool, chunked(borrower), SCHEME)
        assert list(known) == [0]
        vectors = known[0].vectors
        assert vectors is not None
        assert np.allclose(vectors, np.stack([unit(1), unit(2)]), atol=0.001)
        await stored(pool, source, with_known(borrower, known))
    assert len(rows(database_url, "select from chunk_embeddings")) == 5


async def test_nothing_crosses_projects_schemes_titles_and_headings(database_url: str) -> None:
    """A text is the same only with its title and headings, in its project, under its scheme."""
    async with open_pool(database_url) as pool:
        await stored(pool, SOURCE, titled(make_page(SOURCE, Piece("shared", headings=("A",))), "Terms"))
        await begin_crawl(pool, OTHER_PROJECT)
        for source, title, headings, scheme in (
            (OTHER_PROJECT, "Terms", ("A",), SCHEME),
            (SOURCE, "Terms", ("A",), "other/1"),
            (SOURCE, "Privacy", ("A",), SCHEME),
            (SOURCE, "Terms", ("B",), SCHEME),
            (SOURCE, "Terms", (), SCHEME),
        ):
            page = titled(make_page(source, Piece("shared", headings=headings), url=f"{URL}/2"), title)
            assert await known_chunks(pool, chunked(page), scheme) == {}
        same = titled(make_page(SOURCE, Piece("shared", headings=("A",)), url=f"{URL}/2"), "Terms")
        assert list(await known_chunks(pool, chunked(same), SCHEME)) == [0]


async def test_a_second_scheme_stands_beside_the_first(database_url: str) -> None:
    """A page embedded anew by another scheme keeps the vectors that its project is searched by."""
    page = make_page(SOURCE, Piece("one"), Piece("two"))
    async with open_pool(database_url) as pool:
        await stored(pool, SOURCE, page)
        await store(pool, [page], "other/1")
    by_scheme = (
        "select s.name, count(*) from chunk_embeddings e join embedding_schemes s on s.id = e.scheme_id"
        " group by 1 order by 1"
    )
    assert rows(database_url, by_scheme) == [("other/1", 2), (SCHEME, 2)]
    serving = "select s.name from projects p join embedding_schemes s on s.id = p.embedding_scheme_id"
    assert rows(database_url, serving) == [(SCHEME,)]
    assert count(database_url, "source_chunks", SOURCE.source_id) == 2


async def test_a_kept_chunk_that_is_gone_meanwhile(database_url: str) -> None:
    """Where another worker replaced what was to be kept, nothing is stored and the page is tried again."""
    async with open_pool(database_url) as pool:
        await stored(pool, SOURCE, make_page(SOURCE, Piece("one"), Piece("two")))
        late = make_page(SOURCE, Piece("one"), Piece("new"))
        late = with_known(late, await known_chunks(pool, chunked(late), SCHEME))
        await store(pool, [make_page(SOURCE, Piece("else"))], SCHEME)
        with pytest.raises(Retry, match="changed"):
            await store(pool, [late], SCHEME)
    assert rows(database_url, "select content from source_chunks") == [("else",)]


async def test_several_pages_in_one_transaction(database_url: str) -> None:
    """Pages of several sources and projects are stored together, each whole; one refused refuses all."""
    pages = [make_page(source, Piece(f"{source.project_name} {n}", ((0,), (1,))), url=f"{URL}/{n}")
             for n in range(5) for source in (SOURCE, OTHER_SITE, OTHER_PROJECT)]  # fmt: skip
    async with open_pool(database_url) as pool:
        for source in (SOURCE, OTHER_SITE, OTHER_PROJECT):
            await begin_crawl(pool, source)
        told = await store(pool, pages, SCHEME)
        assert [each.provenance for each in told] == [page.page.provenance for page in pages]
        assert {each.windows for each in told} == {2}
        bad = make_page(make_source("unknown"), Piece("of no source"))
        with pytest.raises(Exception, match="erased"):
            await store(pool, [make_page(SOURCE, Piece("fine"), url=f"{URL}/x"), bad], SCHEME)
    assert len(rows(database_url, "select from pages")) == 15
    assert len(rows(database_url, "select from chunk_embeddings")) == 30
