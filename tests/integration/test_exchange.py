"""A worker's exchange with Redis while Redis is killed, full, forgetful or out of reach."""

import asyncio
import shutil
from collections.abc import Iterator
from hashlib import sha1
from pathlib import Path
from time import monotonic

import pytest
from redis.asyncio import Redis

from alonchat_crawl.frontier.transitions import script
from alonchat_crawl.sources import Kind, Link
from tests.support.exchange_worker import PAGES, Worker, at_work, client, links_of, told, until, url_of
from tests.support.own_valkey import OwnValkey, own_valkey, wire

OUTAGE, OVER = "Redis does not ", "Redis serves us"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OwnValkey]:
    """A server of the test's own."""
    with own_valkey(tmp_path) as server:
        yield server


async def test_redis_is_killed(server: OwnValkey, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing that the worker had to tell is lost; the outage is one warning at its start, one at its end."""
    async with client(server.url) as redis:
        worker = Worker(redis)
        source = await worker.open()
        async with at_work(worker):
            await until(lambda: len(worker.fetched) > PAGES // 4)
            server.kill()
            await until(lambda: OUTAGE in told(caplog))
            assert len(worker.fetched) < PAGES
            server.start()
            await until(lambda: worker.counts(source))
        assert await worker.counts(source) == {"stored": PAGES}
        assert set(worker.fetched) == {url_of(n) for n in range(PAGES)}
    assert told(caplog) == [OUTAGE, OVER]


async def test_redis_forgets(server: OwnValkey, tmp_path: Path) -> None:
    """A server that comes back with an earlier state is told again what it forgot: every page is stored."""
    async with client(server.url) as redis:
        worker = Worker(redis, lease_seconds=1.0)
        source = await worker.open()
        async with at_work(worker):
            await until(lambda: len(worker.fetched) > PAGES // 4)
            server.kill()
            shutil.copytree(tmp_path / "appendonlydir", tmp_path / "earlier")
            server.start()
            await until(lambda: len(worker.fetched) > PAGES // 2)
            server.kill()
            shutil.rmtree(tmp_path / "appendonlydir")
            (tmp_path / "earlier").rename(tmp_path / "appendonlydir")
            server.start()
            await until(lambda: worker.counts(source))
        assert (await worker.counts(source))["stored"] == PAGES


async def test_redis_reads_its_log(server: OwnValkey, caplog: pytest.LogCaptureFixture) -> None:
    """A server that is back but still loading is the same outage: no further warning."""
    async with client(server.url) as redis:
        worker = Worker(redis)
        source = await worker.open()
        await redis.mset({f"filler:{n}": n for n in range(2000)})
        await redis.bgrewriteaof()
        await until(lambda: _rewritten(redis))
        async with at_work(worker):
            await until(lambda: len(worker.fetched) > PAGES // 4)
            server.kill()
            await until(lambda: OUTAGE in told(caplog))
            await asyncio.to_thread(
                server.start, "--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024"
            )
            await until(lambda: worker.counts(source))
    assert told(caplog) == [OUTAGE, OVER]


async def _rewritten(redis: Redis) -> bool:
    state = await redis.info("persistence")
    return not (state["aof_rewrite_in_progress"] or state["aof_rewrite_scheduled"])


async def test_memory_runs_out(server: OwnValkey, caplog: pytest.LogCaptureFixture) -> None:
    """Links wait, and their page with them; other pages are taken and settled, which frees memory."""
    async with client(server.url) as redis:
        worker = Worker(redis)
        others = [f"https://other.example/{n}" for n in range(1, 6)]
        worker.links_of = lambda url: [] if "other" in url else links_of(url)
        linked, other = await worker.open(), await worker.open("https://other.example/", *others)
        await redis.config_set("maxmemory", "1mb")
        async with at_work(worker):
            await until(lambda: worker.counts(other))
            assert await worker.counts(other) == {"stored": 6}
            assert await worker.counts(linked) == {}
            assert told(caplog) == [OUTAGE]
            await redis.config_set("maxmemory", "0")
            await until(lambda: worker.counts(linked))
        assert await worker.counts(linked) == {"stored": PAGES}
    assert told(caplog) == [OUTAGE, OVER]


async def test_leaving_while_memory_is_out(server: OwnValkey) -> None:
    """A worker that stops gives back what it did not begin, though its links cannot be told."""
    async with client(server.url) as redis:
        worker = Worker(redis)
        await worker.open(url_of(0), "https://other.example/")
        leases = (await worker.queue.take(2)).leases
        worker.exchange.held = {lease.id: (lease, monotonic()) for lease in leases}
        begun, unbegun = leases
        worker.exchange.outbox.add(begun, Link(url_of(1), Kind.PAGE, 1))
        await redis.config_set("maxmemory", "1mb")
        await worker.exchange.hand_over([unbegun])
        assert await worker.queue.extend(leases) == {unbegun.id}


async def test_the_scripts_are_flushed(server: OwnValkey, caplog: pytest.LogCaptureFixture) -> None:
    """SCRIPT FLUSH amid the exchange goes unnoticed."""
    async with client(server.url) as redis:
        worker = Worker(redis)
        source = await worker.open()
        async with at_work(worker):
            for n in range(1, 6):
                await until(lambda n=n: len(worker.fetched) > n * PAGES // 8)  # type: ignore[misc]
                await redis.script_flush()
            await until(lambda: worker.counts(source))
        assert await worker.counts(source) == {"stored": PAGES}
    assert sorted(worker.fetched) == sorted(url_of(n) for n in range(PAGES))
    assert told(caplog) == []


@pytest.mark.parametrize("retries", [0, 2], ids=["the exchange repeats", "the client repeats"])
@pytest.mark.parametrize("transition", ["take", "release", "add", "settle"])
async def test_a_reply_is_lost(server: OwnValkey, tmp_path: Path, transition: str, retries: int) -> None:
    """Done but not told of, a command is repeated, and does nothing twice; leases not told of expire."""
    lease_seconds = 1.0 if transition == "take" else 60.0
    async with (
        wire(server.socket, tmp_path / "w") as carrier,
        client(f"unix://{tmp_path / 'w'}", retries) as redis,
    ):
        worker = Worker(redis, lease_seconds=lease_seconds)
        source = await worker.open()
        async with at_work(worker):
            for n in range(1, 4):
                await until(lambda n=n: len(worker.fetched) > n * PAGES // 6)  # type: ignore[misc]
                carrier.lose_replies_to = sha1(script(transition).encode()).hexdigest().encode()  # noqa: S324
                await until(lambda n=n: carrier.lost == n)  # type: ignore[misc]
            await until(lambda: worker.counts(source))
        counts = await worker.counts(source)
    assert counts["stored"] == PAGES
    if transition != "take":
        assert counts == {"stored": PAGES}
        assert sorted(worker.fetched) == sorted(url_of(n) for n in range(PAGES))


async def test_an_idle_worker_is_woken(redis_url: str) -> None:
    """One that sees more due domains than it has room for wakes another, which does not look for itself."""
    async with Redis.from_url(redis_url) as redis, Redis.from_url(redis_url) as another:
        idle = Worker(redis, room=99, poll_seconds=600)
        busy = Worker(another, room=1, poll_seconds=600)
        idle.links_of = busy.links_of = lambda _: []
        async with at_work(idle):
            await until(idle.exchange._hungry.is_set)
            urls = [f"https://x{n}.example/" for n in range(8)]
            source = await busy.open(*urls)
            async with at_work(busy):
                await until(lambda: busy.counts(source))
        assert sorted(idle.fetched + busy.fetched) == sorted(urls)
        assert idle.fetched
