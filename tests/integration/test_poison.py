"""What somebody else wrote into the frontier runs no code, and costs nobody else's URL anything."""

import json
import pickle
from pathlib import Path
from typing import Any

import msgpack
import pytest
from redis.asyncio import Redis

from alonchat_crawl.control.website_seed import Seed
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.transitions import awaited
from alonchat_crawl.sources import Kind, Link
from tests.fuzz.messages import SETTINGS


class Bomb:
    """Leaves a file where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def packed(value: object) -> bytes:
    """As the frontier packs."""
    made: bytes = msgpack.packb(value)  # type: ignore[no-untyped-call]
    return made


def poisons(mark: Path) -> dict[str, bytes]:
    """What may stand where an entry should: msgpack of other things, and what is none."""
    return {
        "origin": packed([1, 1, 7, "/x", 0]),
        "kind": packed([99, 1, -1, "https://x.example/", 0]),
        "types": packed(["a", None, {}, [], True]),
        "short": packed([1]),
        "pickle": pickle.dumps(Bomb(mark)),
        "rubbish": b"\xc1\xff\x00",
        "empty": b"",
        "huge": packed([1, 1, -1, "https://x.example/" + "x" * 5_000_000, 0])[:-1],
        "json": json.dumps({"url": "https://x.example/"}).encode(),
    }


@pytest.mark.parametrize("name", poisons(Path()))
async def test_a_poisoned_entry_costs_no_other_url(redis_url: str, tmp_path: Path, name: str) -> None:
    """Taken with others it is left out, and they are leased at their first attempt; no code is run."""
    mark = tmp_path / "run"
    async with Redis.from_url(redis_url) as redis:
        queue = FrontierQueue(redis, lease_seconds=60, max_attempts=2, dead_letters_max=5)
        source = Seed.of({"url": "https://a.example/", "include": "*"}).source(SETTINGS)
        _, source = await queue.open(source)
        await queue.start(source)
        links = [Link(f"https://{host}.example/", Kind.PAGE, 1) for host in "bcd"]
        await queue.add(source, links)
        key = queue.keys.queue("c.example", source.source_id)
        assert await awaited(redis.lset(key, 0, poisons(mark)[name])) is True  # type: ignore[arg-type] # bytes are fine
        taken = await queue.take(10)
        assert {(lease.url, lease.attempt) for lease in taken.leases} == {
            ("https://a.example/", 1),
            ("https://b.example/", 1),
            ("https://d.example/", 1),
        }
        assert not mark.exists()
        assert await queue.reap() == (0, 0)


async def test_a_poisoned_source_costs_no_other(redis_url: str) -> None:
    """One whose spec cannot be read is left out; others' URLs are leased."""
    async with Redis.from_url(redis_url) as redis:
        queue = FrontierQueue(redis, lease_seconds=60, max_attempts=2, dead_letters_max=5)
        for host in "ab":
            asked = Seed.of({"url": f"https://{host}.example/", "project": host}).source(SETTINGS)
            _, source = await queue.open(asked)
            await queue.start(source)
        await awaited(redis.hset(queue.keys.source(source.source_id), "spec", b"\x80\x04 no JSON"))
        taken = await queue.take(10)
        assert [lease.url for lease in taken.leases] == ["https://a.example/"]
