"""`scrapy dead_letters`, as an operator runs it beside real servers."""

import json
from typing import Any, cast

import pytest

from alonchat_crawl.control.closing import close_source
from alonchat_crawl.control.verbs.dead_letters import reopen
from alonchat_crawl.frontier.dead_letters import DeadLetter, DeadLetters, LetterFilter, bury_message
from alonchat_crawl.frontier.messages import Message
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import awaited
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Source
from tests.integration.conftest import Desk, Done

KEY = "website:start_urls"
HEAD = 100
HOSTILE = "no\x1b[2J way \u202e[bold]not markup[/bold]\x07"
STEERING = set("\x1b\x07\u202e")


async def buried(desk: Desk, url: str, reason: str = "http 404", detail: str = "", **seed: Any) -> Source:
    """A source that is done, its one page a dead letter."""
    source = await desk.source(url, **seed)
    await desk.end(await desk.lease(), Outcome.DEAD, reason, detail)
    return source


async def closed(desk: Desk, source: Source) -> str:
    """Close a source as a worker would; what Postgres then says of it."""
    await close_source(desk.shards, desk.queue, desk.pool, source.source_id)
    return await desk.status(source)


async def found(desk: Desk, wanted: LetterFilter = LetterFilter()) -> list[DeadLetter]:  # noqa: B008 - it is frozen
    """The dead letters that there are."""
    return [letter async for letter in DeadLetters(desk.shards).find(wanted)]


def objects(done: Done) -> list[dict[str, Any]]:
    """What a command printed with --json."""
    assert (done.code, done.err) == (0, "")
    return [json.loads(line) for line in done.out.splitlines()]


async def test_the_list(desk: Desk) -> None:
    """Newest last, each with what is needed to choose; then how many there are, and how many fell out."""
    empty = await desk.scrapy("dead_letters")
    assert (empty.code, empty.out) == (0, "No dead letters.\n")
    sources = [await buried(desk, f"https://{name}.example/") for name in "abcdef"]
    await bury_message(
        desk.queue, "seed", KEY, Message.of(b'{"url": 1}', HEAD), Reason.BAD_SEED, "url: not a URL"
    )
    listed = await desk.scrapy("dead_letters")
    header, *lines, last = (" ".join(line.split()) for line in listed.out.splitlines())
    assert header == "id when (UTC) project source reason attempts url or seed"
    assert [line.split()[-1] for line in lines[:-1]] == [source.url for source in sources[2:]]
    assert f"{sources[2].project_id} {sources[2].source_id} http 404 1 https://c" in lines[0]
    assert lines[-1].endswith('bad seed 1 {"url": 1}')
    assert last == "5 of 5 dead letters; 2 older ones fell out."
    newest = await desk.scrapy("dead_letters", "list", "-n", "2")
    assert "5 of 5 dead letters, the newest 2 shown; 2 older" in newest.out
    assert (
        objects(await desk.scrapy("dead_letters", "--json", "-n", "2"))
        == objects(await desk.scrapy("dead_letters", "--json"))[-2:]
    )


async def test_filters(desk: Desk) -> None:
    """Letters are found by project, source and reason, each by its name or its UUID."""
    one = await buried(desk, "https://a.example/", source="shop")
    await buried(desk, "https://b.example/", "http 410")
    await buried(desk, "https://c.example/", project="bravo")
    for filters, names in (
        (("project=alpha",), "ab"),
        ((f"project={one.project_id}",), "ab"),
        (("project=alpha", "source=shop"), "a"),
        ((f"source={one.source_id}",), "a"),
        (("reason=http 404",), "ac"),
        (("project=alpha", "reason=http 410"), "b"),
        (("source=shop",), ""),  # of the default project
    ):
        chosen = [word for one in filters for word in ("-a", one)]
        rows = objects(await desk.scrapy("dead_letters", "--json", *chosen))
        assert [row["url"] for row in rows] == [f"https://{name}.example/" for name in names], filters
    listed = await desk.scrapy("dead_letters", "-a", "project=bravo")
    assert listed.out.endswith("1 of 3 dead letters.\n")


async def test_show(desk: Desk) -> None:
    """A letter is shown with every attempt; of ids that are none a sentence each, and a 1."""
    await desk.source("https://a.example/")
    await desk.end(await desk.lease(), Outcome.RETRY, "timeout", "it did not answer")
    await desk.end(await desk.lease(), Outcome.RETRY, "http 503", "it was busy")
    [letter] = await found(desk)
    shown = await desk.scrapy("dead_letters", "show", letter.id, "7/1-1", "nonsense", "0/²-1")
    assert shown.code == 1
    assert shown.err.splitlines() == [
        f"There is no such dead letter: {word}" for word in ("7/1-1", "nonsense", "0/²-1")
    ]
    for fact in (
        letter.id,
        "https://a.example/",
        "timeout: it did not answer",
        "http 503: it was busy",
        "start",
    ):
        assert fact in shown.out
    [row] = objects(await desk.scrapy("dead_letters", "show", letter.id, "--json"))
    assert [(one["reason"], one["detail"]) for one in row["failures"]] == [
        ("timeout", "it did not answer"),
        ("http 503", "it was busy"),
    ]
    assert (row["kind"], row["depth"], row["source"]) == ("start", 0, letter.source)


async def test_hostile_text(desk: Desk) -> None:
    """URLs, reasons, details and seeds steer no terminal, are not read as markup, and survive in JSON."""
    await desk.source("https://a.example/", f"/{HOSTILE}")
    await desk.end(await desk.lease(), Outcome.STORED)
    await desk.end(await desk.lease(), Outcome.DEAD, HOSTILE, HOSTILE)
    await bury_message(
        desk.queue,
        "seed",
        KEY,
        Message.of(HOSTILE.encode() + b"\xff", HEAD),
        cast("Reason", HOSTILE),
        HOSTILE,
    )
    ids = [letter.id for letter in await found(desk)]
    for arguments in (("list",), ("show", *ids)):
        shown = await desk.scrapy("dead_letters", *arguments)
        assert (shown.code, shown.err) == (0, "")
        assert not STEERING & set(shown.out)
        assert "[bold]not markup[/bold]" in shown.out
    url, seed = objects(await desk.scrapy("dead_letters", "--json"))
    assert (url["url"], url["reason"]) == (f"https://a.example/{HOSTILE}", HOSTILE)
    assert (seed["seed"], seed["failures"][0]["detail"]) == (f"{HOSTILE}\ufffd", HOSTILE)
    for word in (HOSTILE, f"0/{HOSTILE}"):
        assert not STEERING & set((await desk.scrapy("dead_letters", "show", word)).err)


@pytest.mark.parametrize("arguments", [("list",), ("list", "--json"), ("show",), ("show", "--json")])
async def test_no_password_is_shown(desk: Desk, arguments: tuple[str, ...]) -> None:
    """A seed that was refused because of the password in it is shown without, and replayed with it."""
    seed = b'{"url": "https://bob:hunter2@a.example/"}'
    await bury_message(
        desk.queue,
        "seed",
        KEY,
        Message.of(seed, HEAD),
        Reason.BAD_SEED,
        "'bob:hunter2@a.example' has no scheme",
    )
    ids = [letter.id for letter in await found(desk)] if arguments[0] == "show" else []
    shown = await desk.scrapy("dead_letters", *arguments, *ids)
    assert "a.example" in shown.out
    assert "hunter2" not in shown.out
    await desk.scrapy("dead_letters", "replay", "--all")
    assert await awaited(desk.queue.redis.lrange(KEY, 0, -1)) == [seed]


async def test_a_long_detail(desk: Desk) -> None:
    """It is cut, never within a character, and what is no Unicode is replaced."""
    await buried(desk, "https://a.example/", "error", "x\ud800" + "é" * 600)
    [row] = objects(await desk.scrapy("dead_letters", "--json"))
    assert row["failures"][0]["detail"] == "x?" + "é" * 498


async def test_replay_into_a_running_source(desk: Desk) -> None:
    """The URL is taken again, as if for the first time, and the letter is gone."""
    source = await desk.source("https://a.example/", "/1")
    await desk.end(await desk.lease(), Outcome.DEAD, "http 404")
    done = await desk.scrapy("dead_letters", "replay", "-a", f"source={source.source_id}")
    assert (done.code, done.out, done.err) == (0, "1 queued.\n", "")
    assert await found(desk) == []
    leases = [await desk.lease(), await desk.lease()]
    assert {(lease.url, lease.attempt) for lease in leases} == {
        ("https://a.example/", 1),
        ("https://a.example/1", 1),
    }
    assert await desk.status(source) == "running"


async def test_replay_into_a_paused_source(desk: Desk) -> None:
    """It waits there until the source is resumed."""
    source = await desk.source("https://a.example/", "/1")
    await desk.end(await desk.lease(), Outcome.DEAD, "http 404")
    await desk.scrapy("sources", "pause", str(source.source_id))
    assert (await desk.scrapy("dead_letters", "replay", "--all")).out == "1 queued.\n"
    assert (await desk.queue.take(10)).leases == []
    assert await desk.status(source) == "paused"


async def test_replay_reopens_a_source(desk: Desk) -> None:
    """A source that failed runs again, as the same run, in Postgres too, and completes again."""
    source = await buried(desk, "https://a.example/")
    assert await closed(desk, source) == "failed"
    [letter] = await found(desk)
    done = await desk.scrapy("dead_letters", "replay", letter.id)
    assert (done.code, done.out, done.err) == (0, "1 queued.\n", "")
    assert await desk.status(source) == "running"
    lease = await desk.lease()
    assert (lease.url, lease.source.crawl_id) == (source.url, source.crawl_id)
    await desk.end(lease, Outcome.STORED)
    assert await closed(desk, source) == "completed"


async def test_a_source_that_ends_again_before_that_is_noted(desk: Desk) -> None:
    """A worker may be quicker than the command: what Postgres says in the end is how the source ended."""
    source = await buried(desk, "https://a.example/")
    await closed(desk, source)
    await DeadLetters(desk.shards).replay(await found(desk))
    await desk.end(await desk.lease(), Outcome.STORED)
    assert await closed(desk, source) == "completed"
    await reopen(desk.shards, desk.pool, source.source_id)
    assert await desk.status(source) == "completed"


async def test_a_newer_run_is_left_alone(desk: Desk) -> None:
    """Where a source is crawled anew, an old letter stays a letter: that crawl finds the URL by itself."""
    old = await buried(desk, "https://a.example/")
    await closed(desk, old)
    new = await desk.source("https://a.example/")
    assert new.crawl_id != old.crawl_id
    done = await desk.scrapy("dead_letters", "replay", "--all")
    assert (done.code, done.out) == (1, "0 queued.\n")
    assert "a newer crawl" in done.err
    progress = await desk.queue.progress(new.source_id)
    assert progress is not None
    assert (progress.pending, progress.counts) == (1, {})


async def test_what_cannot_be_replayed(desk: Desk) -> None:
    """Of each kind a sentence says how many and what to do; these letters stay."""
    gone = [await buried(desk, f"https://{name}.example/") for name in "ab"]
    ending = await desk.source("https://c.example/", "/1")
    await desk.end(await desk.lease(), Outcome.DEAD, "http 404")
    await desk.lease()
    await desk.queue.cancel(ending)
    for source in gone:
        await awaited(desk.queue.redis.delete(desk.queue.keys.source(source.source_id)))
    done = await desk.scrapy("dead_letters", "replay", "-a", "reason=http 404")
    assert (done.code, done.out) == (1, "0 queued.\n")
    assert done.err.splitlines() == [
        "2 not queued: their source is no longer known; seed it again.",
        "1 not queued: their source is about to end, or was cancelled; seed it again when it is done.",
    ]
    assert len(await found(desk)) == 3


async def test_replay_of_a_seed(desk: Desk) -> None:
    """A seed goes back to the list that it was found in."""
    await bury_message(
        desk.queue, "seed", KEY, Message.of(b"example.com", HEAD), Reason.BAD_SEED, "no scheme"
    )
    [letter] = await found(desk)
    assert (await desk.scrapy("dead_letters", "replay", letter.id)).out == "1 queued.\n"
    assert await awaited(desk.queue.redis.lrange(KEY, 0, -1)) == [b"example.com"]
    assert await found(desk) == []


async def test_drop(desk: Desk) -> None:
    """Only what all filters and ids mean is dropped; what was dropped before is said to be unknown."""
    for name, reason in (("a", "http 404"), ("b", "http 410"), ("c", "http 404")):
        await buried(desk, f"https://{name}.example/", reason)
    first, second, third = await found(desk)
    done = await desk.scrapy("dead_letters", "drop", second.id, third.id, "-a", "reason=http 404")
    assert (done.code, done.out) == (1, "1 dropped.\n")
    assert done.err == f"There is no such dead letter: {second.id}\n"
    assert await found(desk) == [first, second]
    assert (await desk.scrapy("dead_letters", "drop", "-a", "reason=http 404")).out == "1 dropped.\n"
    assert await found(desk) == [second]
    assert (await desk.scrapy("dead_letters", "drop", third.id)).code == 1
    assert (await desk.scrapy("dead_letters", "drop", "--all")).out == "1 dropped.\n"
    assert await found(desk) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("replay",), ("drop",), ("show",), ("burn", "--all"), ("list", "0/1-1"), ("-n", "0"), ("-n", "x"),
        ("replay", "--all", "-n", "5"), ("drop", "--all", "-a", "reason=x"), ("drop", "0/1-1", "--all"),
        ("drop", "-a", "reason="), ("replay", "-a", "colour=red"), ("replay", "-a", "source"),
        ("list", "--all"), ("replay", "--all", "--json"), ("drop", "--al1"),
    ],
)  # fmt: skip
async def test_wrong_usage(desk: Desk, arguments: tuple[str, ...]) -> None:
    """Wrong usage, and above all a verb that does not say which letters, ends with 2 and drops nothing."""
    await buried(desk, "https://a.example/")
    done = await desk.scrapy("dead_letters", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "error: " in done.err
    assert len(await found(desk)) == 1


async def test_what_is_buried_meanwhile_is_not_meant(desk: Desk) -> None:
    """Replaying all ends, though what is replayed may fail again at once."""
    await buried(desk, "https://a.example/")
    meant = 0
    async for _ in DeadLetters(desk.shards).find(LetterFilter()):
        meant += 1
        assert meant == 1
        await bury_message(desk.queue, "seed", KEY, Message.of(b"x", HEAD), Reason.BAD_SEED, "")
    assert len(await found(desk)) == 2


async def test_shards(desk: Desk) -> None:
    """Letters of several shards are listed by age, and dropped where they lie."""
    queues = [
        FrontierQueue(desk.queue.redis, lease_seconds=60, max_attempts=2, dead_letters_max=5, shard=shard)
        for shard in range(2)
    ]
    body = json.dumps({"kind": 1, "depth": 1, "hops": 0, "domain": "d", "failures": [[1, "r", ""]]})
    letter: Any = {"project": "p", "source": "s", "url": "u", "reason": "r", "letter": body}
    for shard, letter_id in ((1, "40-1"), (1, "100-0"), (0, "20-0"), (0, "300-0")):
        await desk.queue.redis.xadd(queues[shard].keys.dead, letter, id=letter_id)
    rows = objects(await desk.scrapy("dead_letters", "--json", FRONTIER_SHARDS=2))
    assert [row["id"] for row in rows] == ["0/20-0", "1/40-1", "1/100-0", "0/300-0"]
    done = await desk.scrapy("dead_letters", "drop", "1/40-1", "0/300-0", FRONTIER_SHARDS=2)
    assert done.out == "2 dropped.\n"
    assert [letter.id async for letter in DeadLetters(Shards(queues)).find(LetterFilter())] == [
        "0/20-0",
        "1/100-0",
    ]
