"""What only many URLs of a source show of a trap, counted in a real Redis by several workers."""

import random
from collections.abc import AsyncIterator
from itertools import product
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from alonchat_crawl.extract.site.fingerprints import fingerprints
from alonchat_crawl.policies.traps.many_urls import TrapCounters, TrapLimits
from alonchat_crawl.sources import Kind, Lease, Source

FACETS = [f"http://e.com/s?a={a}&b={b}&c={c}&d={d}" for a, b, c, d in product("abcde", repeat=4)]
random.Random(7).shuffle(FACETS)  # noqa: S311 - the order in which a crawl meets them
LIMITS = TrapLimits(same_text=5, same_pattern=8, calendar=6, variants=4, familiar=50, hosts=3, sitemaps=2)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client."""
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def source() -> Source:
    """A run of a source of 10,000 pages."""
    return Source(uuid4(), uuid4(), uuid4(), "http://e.com/", "shop", max_pages=10_000, max_depth=50)


def leased(source: Source, url: str, kind: Kind = Kind.PAGE) -> Lease:
    """A lease of a URL of the source."""
    return Lease(url, source, ("http://e.com",), "e.com", url, kind, 1, 1)


async def until_refused(workers: list[TrapCounters], leases: list[Lease]) -> tuple[int, str]:
    """How many the workers fetched in turn before one was refused, and why; -1 where none was."""
    for number, lease in enumerate(leases):
        worker = workers[number % len(workers)]
        if reason := await worker.refused(lease):
            return number, reason
        await worker.note(lease)
    return -1, ""


@pytest.mark.parametrize(
    ("urls", "kind", "least", "most", "reason"),
    [
        ([f"http://e.com/cal/{y}/{m:02}/" for y in range(2020, 2026) for m in range(1, 13)], Kind.PAGE, 7, 9,
         "trap: calendar"),
        ([f"http://{n}.e.com/{n}" for n in range(99)], Kind.PAGE, 3, 3, "trap: subdomains"),
        ([f"http://e.com/{n}.xml" for n in range(99)], Kind.SITEMAP, 3, 5, "trap: sitemaps"),
        (FACETS, Kind.PAGE, 55, 500, "trap: too many variants"),
    ],
)  # fmt: skip
async def test_traps_fill_over_all_workers(
    redis: Redis, source: Source, urls: list[str], kind: Kind, least: int, most: int, reason: str
) -> None:
    """Each kind of trap is full at its limit, whichever worker fetched; none fetches more than one beyond."""
    workers = [TrapCounters(redis, LIMITS) for _ in range(3)]
    fetched, why = await until_refused(workers, [leased(source, url, kind) for url in urls])
    assert why == reason
    assert least <= fetched <= most
    assert await redis.ttl(f"traps:{source.crawl_id}") > 3600
    assert await redis.strlen(f"traps:{source.crawl_id}") <= 32_768


@pytest.mark.parametrize(
    "urls",
    [
        [f"http://e.com/viewtopic.php?f={t % 9}&start={s * 15}&t={t}" for t in range(300) for s in range(4)],
        [
            f"http://e.com/index.php?action={a}&lang=en&title={n}"
            for n in range(500)
            for a in ("edit", "view")
        ],
        [f"http://e.com/?page={n}" for n in range(900)],
        [f"http://e.com/shop?color={c}&size={s}" for c in range(40) for s in range(30)],
        [f"http://e.com/{y}/{m:02}/post-{m}" for y in range(2000, 2026) for m in range(1, 13)],
        [f"http://{n % 3}.e.com/{n}" for n in range(300)],
        [f"http://e.com/p/{n}" for n in range(2000)],
    ],
)
async def test_large_sites_are_none(redis: Redis, source: Source, urls: list[str]) -> None:
    """Forums, wikis, long lists, two facets, an archive, a few hosts: nothing is refused."""
    assert await until_refused([TrapCounters(redis, LIMITS)], [leased(source, url) for url in urls]) == (
        -1,
        "",
    )


async def test_familiar_values_let_new_ones_in(redis: Redis, source: Source) -> None:
    """Where combinations are refused, a URL with a value never met before is not."""
    worker = TrapCounters(redis, LIMITS)
    await until_refused([worker], [leased(source, url) for url in FACETS])
    assert await worker.refused(leased(source, "http://e.com/s?a=a&b=b&c=a&d=new")) == ""
    assert await worker.refused(leased(source, "http://e.com/other?a=a&b=a&c=a")) == ""


async def test_the_same_text(redis: Redis, source: Source) -> None:
    """Beyond the limit a text is not stored and leads nowhere; a page fetched again counts once."""
    one, other = fingerprints("Not found, see our other pages"), fingerprints("Something else")
    workers = [TrapCounters(redis, LIMITS) for _ in range(2)]
    again = leased(source, "http://e.com/again")
    assert {(await workers[0].note(again, one)).reason for _ in range(50)} == {""}
    found = [await workers[n % 2].note(leased(source, f"http://e.com/{'x' * n}"), one) for n in range(1, 7)]
    assert [repeat.reason for repeat in found] == [""] * 4 + ["trap: same text"] * 2
    assert not found[-1].stored
    assert (await workers[0].note(leased(source, "http://e.com/good"), other)).reason == ""


async def test_pages_that_differ_by_their_numbers(redis: Redis, source: Source) -> None:
    """They are stored, but lead no further; another run of the source starts anew."""
    worker = TrapCounters(redis, LIMITS)

    async def walk(run: Source) -> list[str]:
        texts = [(n, fingerprints(f"Page {n}: nothing here")) for n in range(12)]
        found = [await worker.note(leased(run, f"http://e.com/list?page={n}"), text) for n, text in texts]
        assert all(repeat.stored for repeat in found)
        return [repeat.reason for repeat in found]

    assert await walk(source) == [""] * 8 + ["trap: endless pages"] * 4
    other = Source(source.source_id, source.project_id, uuid4(), source.url, "shop", 10, 5)
    assert await walk(other) == [""] * 8 + ["trap: endless pages"] * 4
