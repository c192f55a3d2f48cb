"""An upload's list of files: kept while its run lasts, waited for by the next seed, and recovered."""

import json
from dataclasses import replace

import pytest

from alonchat_crawl.control.inbox import Postponed
from alonchat_crawl.control.opening import admit
from alonchat_crawl.control.recovery import recover
from alonchat_crawl.control.seed_reader import SeedReader
from alonchat_crawl.control.upload_seed import UploadSeed
from alonchat_crawl.errors import GiveUp, Retry
from alonchat_crawl.fetch.files.upload_urls import list_url
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Opened, awaited
from alonchat_crawl.sources import Kind, Link, Source
from alonchat_crawl.storage.pages import store
from alonchat_crawl.storage.sources import begin_crawl, finish_crawl, uploads_of_run
from tests.integration.conftest import Desk
from tests.support.knowledge import SCHEME, Piece, again, make_page, make_source, rows
from tests.support.lists import unread_by

KEY = "upload:start_urls"
SIGNED = "https://files.example/b.zip?token=hunter2"
FILES = ("s3://uploads/p/a.pdf", SIGNED)


def upload(name: str) -> Source:
    """A new run of an upload."""
    source = make_source(name)
    return replace(source, kind="upload", url=list_url(source.source_id, name))


SOURCE = upload("handbooks")


def reader(desk: Desk, admitted: list[Source]) -> SeedReader:
    """The reader of uploads' seeds."""
    settings = desk.settings(ENABLE_BULK_UPLOAD=True)
    return SeedReader(desk.shards, desk.pool, settings, key=KEY, admitted=admitted.append, model=UploadSeed)


async def test_the_list_is_kept_as_long_as_the_run(desk: Desk, database_url: str) -> None:
    """With its signatures, for the run in effect alone; what stays afterwards holds no key."""
    await begin_crawl(desk.pool, SOURCE, FILES)
    await begin_crawl(desk.pool, SOURCE, ["s3://uploads/p/other.pdf"])  # a worker that joins says nothing new
    assert await uploads_of_run(desk.pool, SOURCE) == list(FILES)
    assert await uploads_of_run(desk.pool, again(SOURCE)) is None
    assert rows(database_url, "select kind, url from sources") == [("upload", SOURCE.url)]
    await finish_crawl(desk.pool, SOURCE, "completed", {}, "", unreached_are_gone=True)
    assert await uploads_of_run(desk.pool, SOURCE) is None
    assert "hunter2" not in str(rows(database_url, "select s::text from sources s"))


async def test_what_a_list_names_no_more_is_gone(desk: Desk, database_url: str) -> None:
    """Even where a file of the new list failed, whose old text stays; an archive's members stay with it."""
    stored = ("s3://uploads/p/a.pdf", "s3://uploads/p/old.pdf", "https://files.example/b.zip#!/in/c.md")
    await begin_crawl(desk.pool, SOURCE, (*FILES, "s3://uploads/p/old.pdf"))
    for url in stored:
        await store(desk.pool, [make_page(SOURCE, Piece(url), url=url)], SCHEME)
    await finish_crawl(desk.pool, SOURCE, "completed", {}, "", unreached_are_gone=True)
    for number, status in enumerate(("cancelled", "completed")):
        following = again(SOURCE)
        await begin_crawl(desk.pool, following, FILES)
        await finish_crawl(desk.pool, following, status, {}, "", unreached_are_gone=False)
        gone = rows(database_url, "select url from pages where gone_at is not null")
        assert gone == [("s3://uploads/p/old.pdf",)][:number]


async def test_redis_may_lose_an_upload(desk: Desk) -> None:
    """It begins again, with its list; a terminal's own is left to the terminal."""
    local = upload("local")
    await admit(desk.shards, desk.pool, SOURCE, FILES)
    await admit(desk.shards, desk.pool, local, ["file:///a.pdf"], local=True)
    await desk.queue.redis.flushdb()
    assert await recover(desk.shards, desk.pool) == [SOURCE]
    lease = await desk.lease()
    assert (lease.kind, lease.domain) == (Kind.START, str(SOURCE.source_id))
    assert await uploads_of_run(desk.pool, lease.source) == list(FILES)


async def test_files_wait_for_their_own_source_only(desk: Desk) -> None:
    """Objects and members are leased by source, each beside other tenants'; a signed URL by its site."""
    one, two = upload("one"), upload("two")
    for source in (one, two):
        await admit(desk.shards, desk.pool, source, FILES)
    await desk.queue.add(two, [Link(FILES[0], Kind.FILE, 0), Link(SIGNED, Kind.FILE, 0)])
    leases = (await desk.queue.take(10)).leases
    site = "files.example"
    assert {lease.domain for lease in leases} == {str(one.source_id), str(two.source_id), site}
    await desk.queue.untake(leases)
    await desk.queue.add(two, [Link(f"{SIGNED}#!/a.md", Kind.FILE, 1)])
    assert await awaited(desk.queue.redis.llen(desk.queue.keys.queue(site, two.source_id))) == 1


async def test_the_next_seed_of_an_upload_waits_behind_others(desk: Desk) -> None:
    """It is read when the run has ended, since its files may have changed; seeds of others go before it."""
    admitted: list[Source] = []
    inbox = reader(desk, admitted)
    first, second = (json.dumps({"url": "https://e.org/a.pdf?sig=1", "name": name}) for name in ("a", "b"))
    await desk.queue.redis.lpush(KEY, first, first, second)
    await inbox._part()
    for _ in range(3):
        await inbox._take_turns()
    assert len(admitted) == 2
    assert await unread_by(desk.queue.redis, KEY) == [first]
    with pytest.raises(Postponed):
        await inbox.act(first.encode())
    assert issubclass(Postponed, Retry)


async def test_a_source_stays_what_it_is_while_it_runs(desk: Desk) -> None:
    """A web site's seed cannot take over an upload that is being read, nor the other way round."""
    await admit(desk.shards, desk.pool, SOURCE, FILES)
    site = replace(SOURCE, kind="website", url="https://e.org/")
    with pytest.raises(GiveUp, match="is being crawled as a upload"):
        await admit(desk.shards, desk.pool, site)
    opened, running = await admit(desk.shards, desk.pool, replace(again(SOURCE), priority=9), FILES)
    assert (opened, running.crawl_id, running.priority) == (Opened.RUNNING, SOURCE.crawl_id, 9)


async def test_a_frontier_set_apart_is_seen_by_nobody(desk: Desk) -> None:
    """No worker of the shared frontier takes a lease in it, and erasing it leaves the shared one as it is."""
    redis = desk.queue.redis
    apart = Shards.from_settings(desk.settings(), redis, "local-x:")
    await admit(apart, desk.pool, SOURCE, FILES, local=True)
    assert (await desk.queue.take(10)).leases == []
    assert await desk.shards.find(SOURCE.source_id) is None
    shared = await desk.source("https://e.org/")
    [lease] = (await apart.queues[0].take(10)).leases
    assert lease.source == SOURCE
    await apart.erase()
    assert [key async for key in redis.scan_iter("local-*")] == []
    assert (await desk.lease()).source == shared
