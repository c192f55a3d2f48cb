"""Two tenants: what one does with the other's ids changes no byte of what Redis and Postgres hold of that."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis
from scrapy.settings import Settings

from alonchat_crawl.control.closing import close_source
from alonchat_crawl.control.opening import admit
from alonchat_crawl.control.website_seed import Seed
from alonchat_crawl.errors import GiveUp
from alonchat_crawl.frontier.dead_letters import DeadLetter, DeadLetters, Failure, LetterFilter
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.release import Release
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Opened, Replayed
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Kind, Lease, Link, Source
from alonchat_crawl.storage import sources as rows_of
from tests.acceptance.conftest import loopback_environment
from tests.integration.conftest import Desk
from tests.support.knowledge import open_pool
from tests.support.tenants import BETA, DEAD, STATES, URL, everything, read_lists, victim_in

# --- Every way in ---


def messages(victim: Source) -> Iterator[tuple[str, dict[str, object]]]:
    """By list: what beta may push with alpha's id."""
    own = {"project_id": "beta", "source_id": str(victim.source_id)}
    yield "website:start_urls", {"url": URL, **own}
    yield "website:start_urls", {"url": "https://b.example/", "max_pages": 1, **own}
    yield "website:start_urls", {"url": URL, "project": "beta", "source": str(victim.source_id).upper()}
    yield "upload:start_urls", {"url": "https://files.example/a.pdf", **own}
    yield "upload:start_urls", {"url": "https://files.example/a.pdf", "name": str(victim.source_id), **own}
    for name in ("website", "upload"):
        for action in ("pause", "resume", "cancel"):
            yield f"{name}:orders", {"action": action, **own}
        yield f"{name}:orders", {"action": "cap", "value": 1, **own}
        yield f"{name}:orders", {"action": "priority", "value": 1, **own}


def commands(victim: Source, letter: str) -> Iterator[tuple[str, ...]]:
    """What is said at a terminal for beta with alpha's ids."""
    source, beta = str(victim.source_id), ("-a", "project=beta")
    yield from (("sources", *beta, verb, source) for verb in ("pause", "resume", "cancel"))
    yield from (("sources", *beta, verb, source, "1") for verb in ("cap", "priority"))
    yield ("sources", *beta, source)
    yield ("dead_letters", "replay", *beta, letter)
    yield ("dead_letters", "drop", *beta, letter)
    yield ("dead_letters", "replay", *beta, "-a", f"source={source}")
    yield ("reembed", *beta)


@pytest.mark.parametrize("state", STATES)
async def test_no_way_in_reaches_anothers_source(desk: Desk, state: str) -> None:
    """Each message becomes a dead letter, also when that is replayed, and each command finds nothing."""
    victim, _ = await victim_in(desk, state)
    before = await everything(desk)
    letters = DeadLetters(desk.shards)
    for key, message in messages(victim):
        assert await read_lists(desk, key, message) == [], (key, message)
        assert await everything(desk) == before, (key, message)
        [letter] = [one async for one in letters.find(LetterFilter()) if one.seed]
        assert letter.reason in {"wrong project", "unknown source"}, message
        [(_, code)] = await letters.replay([letter])
        if code is Replayed.QUEUED:  # an order is not replayed
            assert await read_lists(desk, key) == []
            assert await everything(desk) == before, (key, message, "replayed")
        await letters.drop([one async for one in letters.find(LetterFilter()) if one.seed])
    own = [letter.id async for letter in letters.find(LetterFilter())]
    for command in commands(victim, own[0] if own else "0/1-0"):
        done = await desk.scrapy(*command)
        filtered = any(part.startswith("source=") for part in command)
        assert (done.code, "0 queued" in done.out) == (0, True) if filtered else done.code == 1, command
        assert await everything(desk) == before, command


async def test_in_every_shard(redis_url: str, database_url: str) -> None:
    """A refusal leaves no trace in the shard that it asked for; alpha's dead letters can be replayed."""
    async with Redis.from_url(redis_url) as redis, open_pool(database_url) as pool:
        queues = [
            FrontierQueue(redis, lease_seconds=60, max_attempts=1, dead_letters_max=9, shard=shard)
            for shard in range(4)
        ]
        shards, limits = Shards(queues), Settings({"MAX_PAGES": 9, "MAX_DEPTH": 9})
        asked = Seed.of({"url": URL, "project": "alpha"}).source(limits)
        _, victim = await admit(shards, pool, asked, derived=True)
        home = await shards.home(victim)
        [lease] = (await home.take(1)).leases
        await home.settle([(lease, DEAD)])
        await close_source(shards, home, pool, victim.source_id)
        keys = sorted([key async for key in redis.scan_iter()])
        for n in range(8):  # one of them at least would live in another shard
            seed = {"url": f"https://b{n}.example/", "project": "beta", "source_id": str(victim.source_id)}
            with pytest.raises(GiveUp, match="another project"):
                await admit(shards, pool, Seed.of(seed).source(limits))
        assert sorted([key async for key in redis.scan_iter()]) == keys
        letters = DeadLetters(shards)
        [(_, code)] = await letters.replay([one async for one in letters.find(LetterFilter())])
        assert code is Replayed.QUEUED


async def test_neither_does_a_terminal(desk: Desk, tmp_path: Path, redis_url: str, database_url: str) -> None:
    """Nor do scrapyd's arguments, which are the same: the crawl ends with a sentence, and changes nothing."""
    victim, _ = await victim_in(desk, "closed")
    before = await everything(desk)
    (tmp_path / "a.txt").write_text("words")
    servers = {"REDIS_URL": redis_url, "DATABASE_URL": database_url, "VIRUS_SCAN": "off"}
    environment = loopback_environment(**servers, ALONCHAT_DATA_DIR=str(tmp_path / "unused"))
    for spider, what in (("website", f"url={URL}"), ("upload", f"file={tmp_path / 'a.txt'}")):
        arguments = ["-a", what, "-a", "project=beta", "-a", f"source={victim.source_id}"]
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "scrapy", "crawl", spider, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        assert "belongs to another project" in done.stderr
        assert await everything(desk) == before, spider


# --- Every transition ---


def forged(victim: Source, stolen: Source) -> Lease:
    """A lease as beta might guess it."""
    return Lease("1-00000000", stolen, (URL,), "a.example", victim.url, Kind.START, 0, 1)


def transitions(desk: Desk, victim: Source, stolen: Source) -> dict[str, Callable[[], Awaitable[object]]]:
    """By name: what beta may do under alpha's id, with a run of its own; each comes to something falsy."""
    queue, pool, lease = desk.queue, desk.pool, forged(victim, stolen)
    kept = {"crawl": str(stolen.crawl_id), "kind": 0, "depth": 0, "hops": 0, "domain": "a.example"}
    failures = (Failure(datetime.now(UTC), Reason.http(500), ""),)
    letter = DeadLetter("0/1-0", str(BETA), str(victim.source_id), URL, Reason.http(500), failures, "", kept)

    async def foreign(displaced: UUID | None = None) -> bool:
        opened, found = await queue.open(stolen, displaced)
        return (opened, found.project_id) != (Opened.FOREIGN, victim.project_id)

    async def replay() -> bool:
        return Replayed.QUEUED in {code for _, code in await DeadLetters(desk.shards).replay([letter])}

    async def begin() -> bool:
        with suppress(GiveUp):
            await rows_of.begin_crawl(pool, stolen)
            return True
        return False

    return {
        "open": foreign,
        "open, displacing another run": lambda: foreign(uuid4()),
        "start": lambda: queue.start(stolen),
        "abandon": lambda: queue.abandon(stolen),
        "amend": lambda: queue.amend(replace(stolen, max_pages=1)),
        "pause": lambda: queue.pause(stolen),
        "resume": lambda: queue.resume(stolen),
        "cancel": lambda: queue.cancel(stolen),
        "close": lambda: queue.close(stolen),
        "add": lambda: queue.add(stolen, [Link(f"{URL}x", Kind.PAGE, 1)], (URL,), lease.id),
        "settle": lambda: _first(queue.settle([(lease, DEAD)])),
        "release": lambda: queue.release([Release(lease.id, lease.domain, 0.0, 0.0)]),
        "extend": lambda: _kept(queue.extend([lease])),
        "untake": lambda: queue.untake([lease]),
        "replay": replay,
        "find": lambda: desk.shards.find(victim.source_id, BETA),
        "begin_crawl": begin,
        "finish_crawl": lambda: rows_of.finish_crawl(pool, stolen, "failed", {}, "", unreached_are_gone=True),
        "set_status": lambda: rows_of.set_status(pool, stolen, "paused"),
        "amend_crawl": lambda: rows_of.amend_crawl(pool, replace(stolen, max_pages=1)),
        "reopen_crawl": lambda: rows_of.reopen_crawl(pool, stolen),
        "uploads_of_run": lambda: rows_of.uploads_of_run(pool, stolen),
        "mark_gone": lambda: rows_of.mark_gone(pool, stolen, URL),
    }


async def _first(codes: Awaitable[list[Any]]) -> object:
    return (await codes)[0]


async def _kept(lost: Awaitable[set[str]]) -> object:
    return not await lost


@pytest.mark.parametrize("state", STATES)
async def test_no_transition_touches_anothers_source(desk: Desk, state: str) -> None:
    """Under alpha's id and a run of its own, beta changes nothing."""
    victim, _ = await victim_in(desk, state)
    before = await everything(desk)
    stolen = replace(victim, project_id=BETA, project_name="beta", crawl_id=uuid4())
    for name, act in transitions(desk, victim, stolen).items():
        assert not await act(), name
        assert await everything(desk) == before, name
