"""Connections as settings ask for them, and the sentences for servers that do not serve."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import redis
from scrapy import Spider, signals
from scrapy.crawler import Crawler
from scrapy.settings import BaseSettings

from alonchat_crawl.errors import StartupError
from alonchat_crawl.servers import checked_pool, connections, embedded
from alonchat_crawl.servers.checked_pool import CheckedPool
from alonchat_crawl.servers.connections import Connections

NOBODY_LISTENS = "127.0.0.1:1"


def settings(**values: Any) -> BaseSettings:
    """Return settings of these values and what Connections needs besides."""
    return BaseSettings({"POSTGRES_POOL_MAX": 2, **values})


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data folder, whose servers are stopped."""
    folder = tmp_path / "data"
    yield folder
    embedded.stop(folder)


@pytest.fixture
def crawler(redis_url: str, database_url: str) -> Crawler:
    """A crawler on the session's servers."""
    return Crawler(Spider, {"REDIS_URL": redis_url, "DATABASE_URL": database_url, "POSTGRES_POOL_MAX": 2})


def test_variables_set(tmp_path: Path, redis_url: str, database_url: str) -> None:
    """With both variables set, their servers are used as they are and nothing is started."""
    given = settings(REDIS_URL=redis_url, DATABASE_URL=database_url, ALONCHAT_DATA_DIR=tmp_path / "data")
    connections.check(given)
    assert connections.redis_url(given) == redis_url
    assert connections.database_url(given) == database_url
    assert not (tmp_path / "data").exists()


def test_variables_unset(data_dir: Path) -> None:
    """Without them the embedded servers start, the schema is there, and a second check finds it so."""
    given = settings(ALONCHAT_DATA_DIR=data_dir)
    connections.check(given)
    connections.check(given)
    with psycopg.connect(connections.database_url(given)) as connection:
        assert connection.execute("select count(*) from source_chunks").fetchone() == (0,)


REFUSALS = [
    ("REDIS_URL", f"redis://:s3cret@{NOBODY_LISTENS}/0", f"{NOBODY_LISTENS} cannot be reached"),
    ("REDIS_URL", "redis://:s3cret@nowhere.invalid", "nowhere.invalid:6379 cannot be reached"),
    ("REDIS_URL", "redis://u:s3cret@localhost:s3cret", "that address"),
    ("REDIS_URL", "unix:///nowhere/s.sock?password=s3cret", "/nowhere/s.sock cannot be reached"),
    ("DATABASE_URL", f"postgresql://u:s3cret@{NOBODY_LISTENS}/x", f"{NOBODY_LISTENS} refuses the connection"),
    ("DATABASE_URL", "postgresql://u:s3cret@nowhere.invalid/x", "nowhere.invalid:5432 has a host name that"),
    (
        "DATABASE_URL",
        "postgresql://u:a@s3cret@nowhere.invalid/x",
        "nowhere.invalid:5432 has a host name that",
    ),
    ("DATABASE_URL", "postgresql://u:12/s3cret@h/x", "that address"),
    ("DATABASE_URL", "postgresql://s3cret:12/b@h/x", "that address"),
    ("DATABASE_URL", "postgresql://u:%zzs3cret@h/x", "not a valid"),
    ("DATABASE_URL", "postgresql://u@h/x?s3cret=1", "not a valid"),
    ("DATABASE_URL", "postgresql:///x?host=/nowhere&password=s3cret", "that address has no socket there"),
]


@pytest.mark.parametrize(("name", "url", "words"), REFUSALS)
def test_refusals(name: str, url: str, words: str, redis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """A server that cannot be used is one sentence: the variable, where, what to do; never a secret."""
    with pytest.raises(StartupError) as caught:
        connections.check(settings(**{"REDIS_URL": redis_url, name: url}))
    sentence = str(caught.value)
    assert sentence.startswith(f"{name} cannot be used: ")
    assert words in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "s3cret" not in sentence + caplog.text
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_no_such_database(redis_url: str, database_url: str) -> None:
    """A database that does not exist is told as such."""
    missing = database_url.replace("/test_", "/no_test_")
    with pytest.raises(StartupError, match="does not have the database; create it"):
        connections.check(settings(REDIS_URL=redis_url, DATABASE_URL=missing))


def test_no_tables(redis_url: str, data_dir: Path) -> None:
    """A database without our tables is not migrated unasked: the command is named."""
    url = embedded.database_url(data_dir)
    with pytest.raises(StartupError, match="run `scrapy migrate`"):
        connections.check(settings(REDIS_URL=redis_url, DATABASE_URL=url))


def test_wrong_postgres_password(redis_url: str, data_dir: Path) -> None:
    """Postgres rejecting the password, or missing one, is told as such."""
    url = embedded.database_url(data_dir)
    rules = data_dir / "postgres" / "pg_hba.conf"
    rules.write_text("local all locked scram-sha-256\n" + rules.read_text())
    with psycopg.connect(url) as connection:
        connection.execute("create role locked login password 'right'")
        connection.execute("select pg_reload_conf()")
    wrong = url.replace("//postgres@", "//locked:s3cret@")
    with pytest.raises(StartupError, match="rejects the user or password") as caught:
        connections.check(settings(REDIS_URL=redis_url, DATABASE_URL=wrong))
    assert "s3cret" not in str(caught.value)
    with pytest.raises(StartupError, match="asks for a password"):
        connections.check(settings(REDIS_URL=redis_url, DATABASE_URL=url.replace("//postgres@", "//locked@")))


@pytest.mark.parametrize("given", ["", "?password=s3cret"])
def test_wrong_redis_password(data_dir: Path, given: str) -> None:
    """Redis rejecting the password, or missing one, is told as such."""
    url = embedded.redis_url(data_dir)
    with redis.Redis.from_url(url) as client:
        client.config_set("requirepass", "right")
    with pytest.raises(StartupError, match="wants another user or password") as caught:
        connections.check(settings(REDIS_URL=f"{url}{given}"))
    assert "s3cret" not in str(caught.value)


async def test_one_a_crawler(crawler: Crawler) -> None:
    """A crawler has one instance; it serves vectors and bytes, and is closed when the engine stops."""
    mine = Connections.of(crawler)
    assert Connections.of(crawler) is mine
    assert mine.redis is mine.redis
    await mine.redis.set("key", "value")
    assert await mine.redis.get("key") == b"value"

    pool, same = await asyncio.gather(mine.postgres(), mine.postgres())
    assert pool is same
    async with pool.connection() as connection:
        assert connection.autocommit
        answer = await (await connection.execute("select '[1,2]'::vector")).fetchone()
    assert answer is not None
    assert answer[0].to_list() == [1, 2]

    await crawler.signals.send_catch_log_async(signals.engine_stopped)
    assert pool.closed


async def test_nothing_opened(tmp_path: Path) -> None:
    """A crawler that used neither server has none started for it at the end."""
    crawler = Crawler(Spider, {"ALONCHAT_DATA_DIR": tmp_path / "data"})
    Connections.of(crawler)
    await crawler.signals.send_catch_log_async(signals.engine_stopped)
    assert not (tmp_path / "data").exists()


async def test_postgres_drops_us(crawler: Crawler) -> None:
    """Connections that the server dropped are not handed out."""
    pool = await Connections.of(crawler).postgres()
    async with pool.connection() as connection:
        await connection.execute("select 1")
    with psycopg.connect(crawler.settings["DATABASE_URL"]) as other:
        other.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )
    async with pool.connection() as connection:
        await connection.execute("select 1")
    await Connections.of(crawler).close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The connections that were asked whether they live, one entry a time."""
    seen: list[object] = []
    ask = CheckedPool.check_connection

    async def noted(connection: Any) -> None:
        seen.append(connection)
        await ask(connection)

    monkeypatch.setattr(CheckedPool, "check_connection", staticmethod(noted))
    return seen


async def test_a_busy_connection_is_not_asked(
    crawler: Crawler, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection is asked at its first use and after an idle minute, not between."""
    pool = await Connections.of(crawler).postgres()
    for _ in range(9):
        async with pool.connection() as connection:
            await connection.execute("select 1")
    before = len(asked)
    assert before == len(set(asked)) <= 2  # it opens another one if the first takes long
    monkeypatch.setattr(checked_pool, "IDLE_SECONDS", 0)
    async with pool.connection():
        pass
    assert len(asked) == before + 1
    await Connections.of(crawler).close()


async def test_all_are_asked_after_one_broke(crawler: Crawler, asked: list[object]) -> None:
    """Where a connection breaks under a statement, the others are asked before they serve again."""
    pool = await Connections.of(crawler).postgres()
    async with pool.connection() as one, pool.connection() as other:
        await other.execute("select 1")
    asked.clear()
    with pytest.raises(psycopg.OperationalError):
        async with pool.connection() as broken:
            await broken.execute("select pg_terminate_backend(pg_backend_pid())")
    for _ in range(3):
        async with pool.connection() as connection:
            await connection.execute("select 1")
    assert {one, other} - {broken} <= set(asked)
    await Connections.of(crawler).close()


async def test_postgres_restarts(data_dir: Path) -> None:
    """After a restart of Postgres no statement meets a dead connection, be it killed or stopped."""
    mine = Connections(settings(ALONCHAT_DATA_DIR=data_dir))
    pool = await mine.postgres()
    for end in (lambda: embedded.stop(data_dir), lambda: _kill_postgres(data_dir)):
        async with pool.connection() as one, pool.connection() as other:
            await one.execute("select 1")
            await other.execute("select 1")
        await asyncio.to_thread(end)
        await asyncio.to_thread(embedded.database_url, data_dir)
        async with pool.connection() as one, pool.connection() as other:
            await one.execute("select 1")
            await other.execute("select 1")
    await mine.close()


def _kill_postgres(data_dir: Path) -> None:
    processes = embedded._postgres(data_dir).processes()
    for process in processes:
        process.kill()
    psutil.wait_procs(processes)


async def test_redis_restarts(data_dir: Path) -> None:
    """A Redis that is killed and started again meanwhile is not noticed."""
    mine = Connections(settings(ALONCHAT_DATA_DIR=data_dir))
    await mine.redis.set("key", "value")
    for process in embedded._valkey(data_dir).processes():
        process.kill()
        psutil.wait_procs([process])
    answer = asyncio.ensure_future(mine.redis.get("key"))
    await asyncio.sleep(0.3)
    await asyncio.to_thread(embedded.redis_url, data_dir)
    assert await answer == b"value"
    await mine.close()
