"""`scrapy sources`, as an operator runs it beside real servers."""

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest

from alonchat_crawl.control.closing import close_source
from alonchat_crawl.frontier.release import Release
from alonchat_crawl.frontier.transitions import awaited
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.storage.sources import amend_crawl, finish_crawl, read_source, set_status
from tests.integration.conftest import Desk

HOSTILE = "al\x1b[2Jpha \u202e[bold]not markup[/bold]\x07"
STEERING = set("\x1b\x07\u202e")


async def test_the_list(desk: Desk) -> None:
    """Running, paused and done sources are listed, oldest first, with how far they are."""
    running = await desk.source("https://a.example/", "/1", "/2", max_pages=7, priority=8)
    await desk.end(await desk.lease(), Outcome.STORED)
    await desk.end(await desk.lease(), Outcome.REFUSED, "robots")
    await desk.lease()
    paused = await desk.source("https://b.example/", project="bravo")
    await desk.queue.pause(paused)
    done = await desk.source("https://c.example/")
    await desk.end(await desk.lease(), Outcome.DEAD, "http 500")
    listed = await desk.scrapy("sources")
    assert (listed.code, listed.err) == (0, "")
    header, *lines, last = (" ".join(line.split()) for line in listed.out.splitlines())
    assert header == "id project url state prio pages waiting in work refused dead age"
    assert lines == [
        f"{running.source_id} alpha https://a.example/ running 8 1 of 7 0 1 1 0 {lines[0][-3:]}",
        f"{paused.source_id} bravo https://b.example/ paused 5 0 of 10000 1 0 0 0 {lines[1][-3:]}",
        f"{done.source_id} alpha https://c.example/ completed 5 0 of 10000 0 0 0 1 {lines[2][-3:]}",
    ]
    assert last == "3 sources"


async def test_json_and_the_project(desk: Desk) -> None:
    """--json is one object a line; -a project= takes a name and a UUID alike."""
    await desk.source("https://a.example/", "/1")
    other = await desk.source("https://b.example/", project="bravo")
    listed = await desk.scrapy("sources", "--json")
    assert [json.loads(line)["url"] for line in listed.out.splitlines()] == [
        "https://a.example/",
        "https://b.example/",
    ]
    for project in ("bravo", str(other.project_id)):
        [line] = (await desk.scrapy("sources", "--json", "-a", f"project={project}")).out.splitlines()
        row = json.loads(line)
        assert (row["id"], row["project"], row["state"]) == (str(other.source_id), "bravo", "running")
        assert (row["waiting"], row["in_work"], row["max_depth"]) == (1, 0, 50)


async def test_what_ended_lately(desk: Desk) -> None:
    """Once its end is in Postgres, a source is listed below; shown by its id it has both servers' facts."""
    source = await desk.source("https://a.example/", "/1", source="shop")
    await desk.end(await desk.lease(), Outcome.STORED)
    await desk.end(await desk.lease(), Outcome.REFUSED, "noindex")
    await close_source(desk.shards, desk.queue, desk.pool, source.source_id)
    listed = [" ".join(line.split()) for line in (await desk.scrapy("sources")).out.splitlines()]
    assert listed[-4:-1] == ["", "Ended lately", "id project url ended pages reason when"]
    assert listed[-1].startswith(f"{source.source_id} alpha https://a.example/ completed 1 ")
    [ended] = (await desk.scrapy("sources", "--json")).out.splitlines()
    assert (json.loads(ended)["id"], json.loads(ended)["state"]) == (str(source.source_id), "completed")
    shown = await desk.scrapy("sources", "shop", "-a", "project=alpha")
    assert shown.code == 0
    for fact in (str(source.source_id), "completed", "1 stored", "1 refused", "1 refused:noindex"):
        assert fact in shown.out
    row = json.loads((await desk.scrapy("sources", str(source.source_id), "--json")).out)
    assert (row["state"], row["reasons"]) == ("completed", {"refused:noindex": 1})
    assert row["finished_at"] > row["started_at"]


async def test_what_only_postgres_knows(desk: Desk) -> None:
    """A source that Redis has forgotten is shown as written down; one that nobody knows is an error."""
    source = await desk.source("https://a.example/")
    await finish_crawl(desk.pool, source, "failed", {"dead": 1}, "it said no", unreached_are_gone=False)
    await desk.queue.redis.flushdb()
    row = json.loads((await desk.scrapy("sources", str(source.source_id), "--json")).out)
    assert (row["state"], row["counts"], row["error"]) == ("failed", {"dead": 1}, "it said no")
    assert (row["project"], row["url"], row["max_pages"]) == ("alpha", source.url, source.max_pages)
    unknown = await desk.scrapy("sources", str(uuid4()))
    assert (unknown.code, unknown.out, len(unknown.err.splitlines())) == (1, "", 1)


async def test_hostile_text(desk: Desk) -> None:
    """What a seed or a site says steers no terminal and is not read as markup."""
    source = await desk.source("https://a.example/", project=HOSTILE, exclude=(HOSTILE,))
    await desk.end(await desk.lease(), Outcome.REFUSED, HOSTILE, HOSTILE)
    for arguments in (("sources",), ("sources", str(source.source_id))):
        shown = await desk.scrapy(*arguments)
        assert shown.code == 0
        assert not STEERING & set(shown.out + shown.err)
        assert "[bold]not markup[/bold]" in shown.out
    row = json.loads((await desk.scrapy("sources", "--json")).out)
    assert (row["project"], row["first_failure"]) == (HOSTILE, HOSTILE)


async def test_pause_and_resume(desk: Desk) -> None:
    """Nothing of a paused source is taken until it is resumed; Postgres says so, both times."""
    source = await desk.source("https://a.example/", "/1")
    paused = await desk.scrapy("sources", "pause", str(source.source_id))
    assert (paused.code, paused.err) == (0, "")
    assert paused.out == f"{source.source_id} paused (https://a.example/)\n"
    assert (await desk.queue.take(10)).leases == []
    assert await desk.status(source) == "paused"
    assert (await desk.scrapy("sources", "pause", str(source.source_id))).code == 0
    assert (await desk.scrapy("sources", "resume", str(source.source_id))).code == 0
    assert (await desk.lease()).url == source.url
    assert await desk.status(source) == "running"


async def test_a_late_pause_changes_no_end(desk: Desk) -> None:
    """A status or limit that comes after the run has ended is not written."""
    source = await desk.source("https://a.example/")
    await finish_crawl(desk.pool, source, "completed", {}, "", unreached_are_gone=False)
    await set_status(desk.pool, source, "paused")
    await amend_crawl(desk.pool, replace(source, max_pages=1))
    record = await read_source(desk.pool, source.source_id)
    assert record is not None
    assert (record.status, record.options["max_pages"]) == ("completed", source.max_pages)


async def test_cancel(desk: Desk) -> None:
    """A cancelled source ends with what is in work, and then Postgres says cancelled."""
    source = await desk.source("https://a.example/", "/1", "/2")
    lease = await desk.lease()
    assert (await desk.scrapy("sources", "cancel", str(source.source_id))).code == 0
    assert (await desk.queue.take(10)).leases == []
    assert " ending " in (await desk.scrapy("sources")).out
    assert await desk.status(source) == "running"
    await desk.end(lease, Outcome.STORED)
    await close_source(desk.shards, desk.queue, desk.pool, source.source_id)
    assert await desk.status(source) == "cancelled"


async def test_cap(desk: Desk) -> None:
    """A cap that is reached ends the source, one above it lets it go on; Postgres knows it too."""
    source = await desk.source("https://a.example/", "/1", "/2")
    await desk.end(await desk.lease(), Outcome.STORED)
    assert (await desk.scrapy("sources", "cap", str(source.source_id), "2")).code == 0
    assert (await desk.lease()).source.max_pages == 2
    capped = await desk.scrapy("sources", "cap", str(source.source_id), "1")
    assert capped.out == f"{source.source_id} capped at 1 pages (https://a.example/)\n"
    progress = await desk.queue.progress(source.source_id)
    assert progress is not None
    assert (progress.pending, progress.leased, progress.reasons) == (1, 1, {"refused:max_pages": 1})
    record = await read_source(desk.pool, source.source_id)
    assert record is not None
    assert record.options["max_pages"] == 1


async def test_priority(desk: Desk) -> None:
    """A source with a higher priority moves on by smaller steps, and so gets more turns."""
    source = await desk.source("https://a.example/")
    assert (await desk.scrapy("sources", "priority", str(source.source_id), "10")).code == 0
    progress = await desk.queue.progress(source.source_id)
    assert progress is not None
    assert progress.source.priority == 10
    step = await awaited(desk.queue.redis.hget(desk.queue.keys.source(source.source_id), "step"))
    assert float(step) == pytest.approx(0.1)
    record = await read_source(desk.pool, source.source_id)
    assert record is not None
    assert record.options["priority"] == 10


async def test_some_cannot_be_had(desk: Desk) -> None:
    """Of several sources each is done or named; one sentence on stderr for each that is not, and a 1."""
    good, done = await desk.source("https://a.example/"), await desk.source("https://b.example/")
    await desk.queue.cancel(done)
    unknown = str(uuid4())
    paused = await desk.scrapy("sources", "pause", unknown, str(done.source_id), str(good.source_id))
    assert paused.code == 1
    assert paused.err.splitlines() == [
        f"The frontier knows no source {unknown}.",
        f"Source {done.source_id} has ended already (cancelled).",
    ]
    assert paused.out == f"{good.source_id} paused (https://a.example/)\n"
    assert await desk.status(good) == "paused"
    assert await desk.status(done) == "running"  # until somebody closes it


@pytest.mark.parametrize(
    "arguments",
    [
        ("pause",), ("cap", "x"), ("cap", "x", "0"), ("cap", "x", "-1"), ("cap", "x", "²"),
        ("cap", "x", "9" * 5000), ("cap", "x", "y", "1"), ("priority", "x", "11"), ("priority", "x"),
        ("one", "two"), ("--wach",), ("--watch", "--json"), ("--watch", "pause", "x"),
        ("pause", "x", "--json"), ("-a", "colour=red"), ("-a", "project"), ("-a", "project="),
    ],
)  # fmt: skip
async def test_wrong_usage(desk: Desk, arguments: tuple[str, ...]) -> None:
    """Wrong usage ends with 2 and a sentence, and touches nothing."""
    done = await desk.scrapy("sources", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "error: " in done.err


@pytest.mark.parametrize("command", [("sources",), ("dead_letters",)])
async def test_an_unreachable_redis(desk: Desk, command: tuple[str, ...]) -> None:
    """A Redis that refuses ends with 1 and one sentence without the password."""
    done = await desk.scrapy(*command, REDIS_URL="redis://:hunter2@127.0.0.1:1/0")
    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)
    assert "REDIS_URL" in done.err
    assert "hunter2" not in done.err


@pytest.mark.parametrize("command", [("sources", "pause"), ("dead_letters", "replay")])
async def test_an_unreachable_postgres(desk: Desk, command: tuple[str, ...]) -> None:
    """Without Postgres a verb does nothing, and says why in one sentence without the password."""
    source = await desk.source("https://a.example/")
    unreachable = "postgresql://u:hunter2@127.0.0.1:1/x"
    done = await desk.scrapy(*command, str(source.source_id), DATABASE_URL=unreachable)
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert "DATABASE_URL" in done.err
    assert "hunter2" not in done.err
    assert (await desk.lease()).url == source.url


async def test_shards(desk: Desk) -> None:
    """Sources of all shards are listed; with another number than the workers' the command says so."""
    await desk.queue.redis.set("frontier:shards", 2)
    done = await desk.scrapy("sources")
    assert (done.code, done.out) == (1, "")
    assert "set it to 2" in done.err
    await desk.source("https://a.example/")
    assert "1 sources" in (await desk.scrapy("sources", FRONTIER_SHARDS=2)).out


def drain(terminal: int, seen: bytearray) -> None:
    """Read all that is written to a terminal, to its end: a full one would hold its writer up."""
    with suppress(OSError):  # the other side is closed
        while read := os.read(terminal, 65536):
            seen += read


async def test_watch(desk: Desk) -> None:
    """--watch shows the list again and again, and ends with 0 at Ctrl-C."""
    source = await desk.source("https://a.example/")
    terminal, own = pty.openpty()
    settings = {name: str(desk.settings()[name]) for name in ("REDIS_URL", "DATABASE_URL")}
    seen = bytearray()
    reader = Thread(target=drain, args=(terminal, seen))
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else is going on
        [sys.executable, "-m", "scrapy", "sources", "--watch"],
        env=os.environ | settings | {"TERM": "xterm", "COLUMNS": "200"},
        stdout=own,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(own)
        reader.start()
        try:
            async with asyncio.timeout(60):
                while seen.count(str(source.source_id).encode()) < 3:  # noqa: ASYNC110 - no event tells
                    await asyncio.sleep(0.05)
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
            assert process.stderr is not None
            assert process.stderr.read() == b""
        finally:
            process.kill()
    reader.join(10)
    os.close(terminal)


async def test_why_a_source_does_not_move(desk: Desk) -> None:
    """Shown whole, a source says of each domain what its URLs there wait for."""
    source = await desk.source("https://a.example/", "/1", "/2", source="shop")
    [lease] = (await desk.queue.take(10)).leases
    asked = ("sources", str(source.source_id), "--json")
    [wait] = json.loads((await desk.scrapy(*asked)).out)["waits"]
    assert wait == "a.example: 2 URLs, a request is in flight"
    await desk.queue.release([Release(lease.id, lease.domain, 0.0, 1.0, 60.0, sign=-1, delay_seconds=7.0)])
    [wait] = json.loads((await desk.scrapy(*asked)).out)["waits"]
    assert wait.startswith("a.example: 2 URLs, due in ")
    assert wait.endswith(" s, after 1 times 429 or 503, slow: 7.0 s between requests")


async def test_messages_that_nobody_reads(desk: Desk) -> None:
    """The list says so, of all lists: no worker may be running."""
    await desk.source("https://a.example/")
    await awaited(desk.queue.redis.lpush("website:start_urls", "https://b.example/", "https://c.example/"))
    await awaited(desk.queue.redis.lpush("website:orders", "{}"))
    assert (await desk.scrapy("sources")).out.splitlines()[-1] == "1 sources, 2 seeds unread, 1 orders unread"
    await awaited(desk.queue.redis.lpush("upload:start_urls", "https://d.example/a.pdf"))
    await awaited(desk.queue.redis.lpush("upload:orders", "{}"))
    assert (await desk.scrapy("sources")).out.splitlines()[-1] == "1 sources, 3 seeds unread, 2 orders unread"
    await desk.queue.redis.delete("upload:start_urls")
    await desk.queue.redis.set("upload:start_urls", "no list")
    assert (await desk.scrapy("sources")).out.splitlines()[-1] == (
        "1 sources, 2 seeds unread, seeds unreadable: upload:start_urls is no list, 2 orders unread"
    )


async def test_the_wrong_folder(desk: Desk, tmp_path: Path) -> None:
    """Where no server of ours was ever, none is started to say that there is nothing."""
    shown = await desk.scrapy("sources", REDIS_URL=None, ALONCHAT_DATA_DIR=tmp_path / "none")
    assert (shown.code, shown.out) == (1, "")
    assert "go to where the crawler runs" in shown.err
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - a test may block


async def test_a_half_id_is_a_name(desk: Desk) -> None:
    """What is no whole UUID is taken for a name, and the sentence says so; so it does for a wrong verb."""
    shown = await desk.scrapy("sources", "pause", "11111111-2222")
    assert "(11111111-2222 is a name" in shown.err
    wrong = await desk.scrapy("sources", "frobnicate", "x")
    assert wrong.code == 2
    assert "there is no verb frobnicate: pause, resume, cancel, cap, priority" in wrong.err + wrong.out


async def test_the_first_digits_of_an_id(desk: Desk) -> None:
    """They are enough for each verb while they are one source's; else the candidates are named."""
    ids = [f"abcd{number}000-0000-4000-8000-000000000000" for number in range(2)]
    for number, source_id in enumerate(ids):
        await desk.source(f"https://e{number}.example/", source=source_id, project=f"p{number}")
    paused = await desk.scrapy("sources", "pause", "abcd1")
    assert (paused.code, paused.out) == (0, f"{ids[1]} paused (https://e1.example/)\n")
    assert json.loads((await desk.scrapy("sources", "ABCD0000-00", "--json")).out)["id"] == ids[0]
    several = await desk.scrapy("sources", "cancel", "abcd")
    assert (several.code, several.out) == (1, "")
    assert several.err == f"abcd may be {ids[0]}, {ids[1]}: write more of it.\n"
    own = await desk.scrapy("sources", "resume", "abcd", "-a", "project=p1")
    assert (own.code, own.out) == (0, f"{ids[1]} resumed (https://e1.example/)\n")
    named = await desk.source("https://n.example/", source="abcd", project="p1")
    assert str(named.source_id) in (await desk.scrapy("sources", "abcd", "-a", "project=p1")).out


async def test_options_before_and_after_a_verb(desk: Desk) -> None:
    """An option counts on either side of the verb, and one that the verb does not know is wrong usage."""
    source = await desk.source("https://a.example/", source="shop")
    for arguments in (("-a", "project=alpha", "pause", "shop"), ("pause", "shop", "-a", "project=alpha")):
        done = await desk.scrapy("sources", *arguments)
        assert (done.code, done.out) == (0, f"{source.source_id} paused (https://a.example/)\n"), done.err
    assert (await desk.scrapy("sources", "--json", "pause", "shop")).code == 2
    for verb in ("pause", "resume", "cancel", "cap", "priority", "drop", "show"):
        shown = await desk.scrapy("sources", verb, "--help")
        assert shown.code == 0
        assert f"scrapy sources {verb}" in shown.out


async def test_what_runs_is_listed_without_postgres(desk: Desk) -> None:
    """That Postgres is away hides only what has ended, and the list says why."""
    source = await desk.source("https://a.example/")
    shown = await desk.scrapy("sources", DATABASE_URL="postgresql://u:hunter2@127.0.0.1:1/x")
    assert shown.code == 0
    assert str(source.source_id) in shown.out
    assert "What ended lately is not known" in shown.out
    assert "hunter2" not in shown.out
