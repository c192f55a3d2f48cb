"""Pages that wait together are committed together, and none suffers from another."""

import asyncio
from collections.abc import Sequence

import pytest

from alonchat_crawl.errors import GiveUp, Outage
from alonchat_crawl.items import EmbeddedPage, StoredPage
from alonchat_crawl.reasons import Reason
from alonchat_crawl.storage.group_commit import GroupCommit
from alonchat_crawl.storage.pages import store
from alonchat_crawl.storage.sources import begin_crawl
from tests.support.knowledge import SCHEME, URL, Piece, make_page, make_source, open_pool, rows

SOURCE = make_source()


def page(name: str, windows: int = 1) -> EmbeddedPage:
    """Return a page of one chunk."""
    return make_page(SOURCE, Piece(name, ((0,),) * windows), url=f"{URL}/{name}")


class Writer:
    """Stands for Postgres: notes each group, and waits until it may go on."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.began = asyncio.Event()
        self.may_go_on = asyncio.Event()

    async def write(self, pages: Sequence[EmbeddedPage]) -> list[StoredPage]:
        """Refuse what is bad, be away for an outage."""
        names = [each.page.markdown for each in pages]
        self.groups.append(names)
        self.began.set()
        await self.may_go_on.wait()
        if "outage" in names:
            raise Outage(Reason.POSTGRES, "away")
        if "bad" in names:
            raise GiveUp(Reason.STORE, "refused")
        return [StoredPage(each.page.provenance, 1, 1) for each in pages]


async def run(commits: GroupCommit, writer: Writer, *pages: EmbeddedPage) -> list[StoredPage | BaseException]:
    """Store the first page, the others while it is being written, and then let the writer go on."""
    tasks = [asyncio.create_task(commits.store(pages[0]))]
    await writer.began.wait()
    tasks += [asyncio.create_task(commits.store(each)) for each in pages[1:]]
    await asyncio.sleep(0)
    writer.may_go_on.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_first_goes_at_once_and_the_rest_together() -> None:
    """A page that finds nobody writing waits for nobody; those that come meanwhile are one group."""
    writer = Writer()
    await run(GroupCommit(writer.write, 100, writers=1), writer, *map(page, "abcd"))
    assert writer.groups == [["a"], ["b", "c", "d"]]


async def test_a_group_is_bounded_by_windows() -> None:
    """A group holds at most so many windows, or one page that has more."""
    writer = Writer()
    pages = [page("a"), page("b", 2), page("c", 2), page("d", 9), page("e", 1)]
    await run(GroupCommit(writer.write, 4, writers=1), writer, *pages)
    assert writer.groups == [["a"], ["b", "c"], ["d"], ["e"]]


async def test_a_bad_page_fails_alone() -> None:
    """Of a group that is refused, each page is tried alone, and told its own end."""
    writer = Writer()
    ends = await run(GroupCommit(writer.write, 100, writers=1), writer, *map(page, ["a", "b", "bad", "c"]))
    assert [isinstance(end, GiveUp) for end in ends] == [False, False, True, False]
    assert writer.groups == [["a"], ["b", "bad", "c"], ["b"], ["bad"], ["c"]]


async def test_an_outage_fails_the_group_once() -> None:
    """Where Postgres is away, no page is tried alone."""
    writer = Writer()
    ends = await run(GroupCommit(writer.write, 100, writers=1), writer, *map(page, ["a", "b", "outage"]))
    assert [type(end) for end in ends] == [StoredPage, Outage, Outage]
    assert len(writer.groups) == 2


async def test_many_pages_through_postgres(database_url: str) -> None:
    """Two writers at once store all pages, also two versions of one; one of an erased source ends alone."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        commits = GroupCommit(lambda pages: store(pool, pages, SCHEME), 20, writers=2)
        pages = [page(f"p{number % 40}", 3) for number in range(80)]
        lost = make_page(make_source("erased"), Piece("lost"))
        ends = await asyncio.gather(*map(commits.store, [*pages, lost]), return_exceptions=True)
    assert [type(end) for end in ends] == [StoredPage] * 80 + [GiveUp]
    assert rows(database_url, "select count(*) from pages") == [(40,)]
    assert rows(database_url, "select count(*) from chunk_embeddings") == [(120,)]


async def test_a_page_given_up_by_its_waiter(database_url: str) -> None:
    """A page whose waiter was cancelled is stored all the same, and keeps no other from its end."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        commits = GroupCommit(lambda pages: store(pool, pages, SCHEME), 20, writers=1)
        tasks = [asyncio.create_task(commits.store(page(name))) for name in "abc"]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with pytest.raises(asyncio.CancelledError):
            tasks[1].result()
    assert rows(database_url, "select count(*) from pages") == [(3,)]


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
