"""A source's row: how a run begins and ends, and what is gone after it."""

from dataclasses import replace

import pytest

from alonchat_crawl.errors import GiveUp
from alonchat_crawl.storage.pages import store
from alonchat_crawl.storage.sources import begin_crawl, finish_crawl, mark_gone
from tests.support.knowledge import SCHEME, Piece, again, make_page, make_source, open_pool, rows

SOURCE = make_source()
SITE = "https://shop.example"


async def test_a_run_begins_and_ends(database_url: str) -> None:
    """A run's start and end are written to its source, with its options and counts."""
    source = replace(SOURCE, include=("^https://docs",), path_prefix="/help/")
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, source)
        assert rows(database_url, "select id, name from projects") == [(source.project_id, "alpha")]
        assert rows(
            database_url, "select url, kind, status, options, started_at is null, finished_at from sources"
        ) == [
            (source.url, "website", "running", {"max_pages": 100, "max_depth": 5, "include": ["^https://docs"],
             "exclude": [], "path_prefix": "/help/", "priority": 5}, False, None)
        ]  # fmt: skip
        await finish_crawl(pool, source, "failed", {"dead": 1}, "NUL \0, \ud800", unreached_are_gone=False)
    assert rows(database_url, "select status, counts, error, finished_at is null from sources") == [
        ("failed", {"dead": 1}, "NUL , ?", False)
    ]


async def test_workers_join_a_run(database_url: str) -> None:
    """A run that began is not begun again by its other workers, even after it ended."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        before = rows(database_url, "select * from sources")
        await begin_crawl(pool, SOURCE)
        assert rows(database_url, "select * from sources") == before
        await finish_crawl(pool, SOURCE, "completed", {"stored": 1}, "", unreached_are_gone=True)
        await begin_crawl(pool, SOURCE)
    assert rows(database_url, "select status, counts from sources") == [("completed", {"stored": 1})]


async def test_a_new_run_starts_afresh(database_url: str) -> None:
    """The next run clears the last one's counts and error, and leaves its pages and the project's name."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        await store(pool, [make_page(SOURCE, Piece("kept"))], SCHEME)
        await finish_crawl(pool, SOURCE, "failed", {"dead": 1}, "no answer", unreached_are_gone=False)
        await begin_crawl(pool, replace(again(SOURCE), project_name="renamed"))
    assert rows(database_url, "select status, counts, error, finished_at from sources") == [
        ("running", {}, "", None)
    ]
    assert rows(database_url, "select name from projects") == [("alpha",)]
    assert rows(database_url, "select content from source_chunks") == [("kept",)]


async def test_another_projects_source_is_refused(database_url: str) -> None:
    """A source id that is another project's is given up and changes nothing, not even the projects."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        before = rows(database_url, "select * from sources"), rows(database_url, "select * from projects")
        thief = replace(make_source(project="bravo"), source_id=SOURCE.source_id)
        with pytest.raises(GiveUp) as caught:
            await begin_crawl(pool, thief)
    assert caught.value.reason == "wrong project"
    assert (
        rows(database_url, "select * from sources"),
        rows(database_url, "select * from projects"),
    ) == before


async def gone(database_url: str) -> set[str]:
    """Return the paths of the pages that are marked gone."""
    found = rows(database_url, "select url from pages where gone_at is not null")
    return {url.removeprefix(SITE) for (url,) in found}


async def test_unreached_pages_are_gone(database_url: str) -> None:
    """A run that reached everything marks the pages it did not see, of its own source, once."""
    second, other = again(SOURCE), make_source("other")
    async with open_pool(database_url) as pool:
        for source in (SOURCE, other):
            await begin_crawl(pool, source)
            for path in ("/a", "/b", "/c"):
                await store(pool, [make_page(source, Piece(path), url=SITE + path)], SCHEME)
        await begin_crawl(pool, second)
        await store(pool, [make_page(second, Piece("/a"), url=f"{SITE}/a")], SCHEME)
        assert await finish_crawl(pool, second, "completed", {}, "", unreached_are_gone=True) == 2
        assert await gone(database_url) == {"/b", "/c"}
        before = (
            rows(database_url, "select * from pages order by id"),
            rows(database_url, "select * from sources"),
        )
        assert await finish_crawl(pool, second, "completed", {}, "", unreached_are_gone=True) == 0
    assert (
        rows(database_url, "select * from pages order by id"),
        rows(database_url, "select * from sources"),
    ) == before
    assert rows(
        database_url, "select count(*) from pages where source_id = %s and gone_at is null", other.source_id
    ) == [(3,)]


async def test_an_incomplete_run_marks_nothing(database_url: str) -> None:
    """A run that was capped, cancelled or failed says nothing of the pages it did not see."""
    second = again(SOURCE)
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        await store(pool, [make_page(SOURCE, Piece("a"))], SCHEME)
        await begin_crawl(pool, second)
        assert await finish_crawl(pool, second, "cancelled", {}, "", unreached_are_gone=False) == 0
    assert await gone(database_url) == set()
    assert rows(database_url, "select status from sources") == [("cancelled",)]


async def test_a_run_that_looked_elsewhere_marks_nothing(database_url: str) -> None:
    """With another depth, cap or pattern than the run before, a page not seen may still be there."""
    shallow, again_shallow = again(replace(SOURCE, max_depth=0)), again(replace(SOURCE, max_depth=0))
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        await store(pool, [make_page(SOURCE, Piece("a"))], SCHEME)
        await begin_crawl(pool, shallow)
        assert await finish_crawl(pool, shallow, "completed", {}, "", unreached_are_gone=True) == 0
        await begin_crawl(pool, again_shallow)
        assert await finish_crawl(pool, again_shallow, "completed", {}, "", unreached_are_gone=True) == 1


async def test_an_older_run_ends_without_a_word(database_url: str) -> None:
    """A run that ends after the next one began neither writes its end nor marks pages."""
    second = again(SOURCE)
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        await begin_crawl(pool, second)
        await store(pool, [make_page(second, Piece("a"))], SCHEME)
        assert await finish_crawl(pool, SOURCE, "completed", {"stored": 9}, "", unreached_are_gone=True) == 0
    assert rows(database_url, "select status, counts, crawl_id from sources") == [
        ("running", {}, second.crawl_id)
    ]
    assert await gone(database_url) == set()


async def test_a_page_the_site_says_is_gone(database_url: str) -> None:
    """A 404 marks one page, the first time only; of an unknown page it does nothing."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        for path in ("/a", "/b"):
            await store(pool, [make_page(SOURCE, Piece(path), url=SITE + path)], SCHEME)
        await mark_gone(pool, SOURCE, f"{SITE}/a")
        before = rows(database_url, "select * from pages order by id")
        await mark_gone(pool, SOURCE, f"{SITE}/a")
        await mark_gone(pool, SOURCE, f"{SITE}/never-seen")
    assert rows(database_url, "select * from pages order by id") == before
    assert await gone(database_url) == {"/a"}
