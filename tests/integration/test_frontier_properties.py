"""The frontier's transitions in any order, by any worker, with replies lost: nothing is lost or doubled."""

import sys
from functools import partial
from uuid import UUID, uuid4

import pytest
import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from redis.asyncio import Redis

from alonchat_crawl.frontier.codec import fingerprint
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.release import Release
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.sources import Ending, Kind, Link, Source
from tests.support.frontier_machine import (
    STARTS,
    TENANTS,
    of_limits,
    of_sources,
)
from tests.support.frontier_urls import ENDINGS, URLS, Urls
from tests.support.shard_state import ShardState

pytestmark = pytest.mark.slow

PROFILE = settings(
    max_examples=130,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
GONE_AT_THE_END = {"queue", "domains", "delayed", "inflight", "lease", "told"}


class Frontier(Urls):
    """The whole of it, checked after each step."""

    @initialize(
        limits=st.tuples(*[of_limits] * len(STARTS)), urls=st.lists(st.sampled_from(URLS), max_size=6)
    )
    def begin(self, limits: tuple[int, ...], urls: list[str]) -> None:
        """There is something to do."""
        for index, max_pages in enumerate(limits):
            self.open(index, max_pages, "start")
            self.all_is_well()
        self.add(1, urls, None, 1)

    @rule(
        count=st.integers(1, 3),
        ending=st.sampled_from([*ENDINGS[:1] * 5, *ENDINGS]),
        only=st.none() | of_sources,
    )
    def fetch(self, count: int, ending: Ending, only: int | None) -> None:
        """Take, release and settle, as a worker to which nothing happens."""
        before = len(self.leases)
        self.take(count, only, brief=False, lost=0)
        fetched = range(len(self.leases) - before)
        if fetched:
            self.release(list(fetched), 0.0, 1, 0.0, 1)
            self.settle([(pick, ending) for pick in fetched], 0, 1)

    @rule()
    def later(self) -> None:
        """An hour and more goes by; requests in flight and leases are kept alive."""
        for tenant, domains in self.state.ready.items():
            due = {domain: 1 for domain in domains if domain not in self.holder}
            if due:
                self.client.zadd(f"f2:{{0}}:ready:{tenant}", due)
        if self.state.waiting:
            self.client.zadd("f2:{0}:waiting", dict.fromkeys(self.state.waiting, 1))
        for domain in self.state.domains.keys() - self.holder.keys():
            self.client.hset(f"f2:{{0}}:domain:{domain}", "next", 1)
        for source, waiting in self.state.delayed_of.items():
            self.client.zadd(f"f2:{{0}}:delayed:{source}", dict.fromkeys(waiting, 1))
            self.client.zadd("f2:{0}:delayed", {source: 1})

    @invariant()
    def all_is_well(self) -> None:
        """Read the whole shard and check it."""
        self.state = state = ShardState(self.client)
        state.check()
        assert set(state.leases) == set(self.expiring)
        told = {name.decode(): int(n) for name, n in state.values.get("told", {}).items()}
        assert told == {lease_id: n for lease_id, n in self.told.items() if n}
        held = {domain: known["hold"] for domain, known in state.domains.items() if "hold" in known}
        assert held == self.holder
        assert len(state.values.get("dead", ())) + int(state.values.get("dead_evicted", 0)) == self.buried
        for source, known in state.sources.items():
            places = set(state.places(source))
            met = self.met[source]
            assert places <= met
            assert not places & self.gone[source], "a URL that had ended is back"
            assert len(met) == len(places) + state.ended(source)
            assert int(known["seen"]) == len(met)
            assert state.pages(source) <= self.limit[source]
            self.gone[source] = met - places

    def teardown(self) -> None:
        """Whatever went before, all can be brought to an end."""
        try:
            if sys.exc_info()[0] is None:
                self.bring_to_an_end()
        finally:
            self.stop()

    def bring_to_an_end(self) -> None:
        """Fetch all that is left and one source more: then each is done, with nothing left in wait."""
        for domain, hold in list(self.holder.items()):
            self.call(partial(self.steady.release, [Release(hold, domain, 0.0, 0.0)]))
            self.free(hold)
            self.delays.pop(domain, None)
        self.settle_all(list(self.expiring))
        for index in range(len(STARTS)):
            self.call(partial(self.steady.resume, self.run_of(index)))
        last = Source(UUID(int=99), TENANTS[0], uuid4(), "https://last.example/", "p", 9, 9)
        self.met[str(last.source_id)], self.gone[str(last.source_id)] = {last.url}, set()
        self.limit[str(last.source_id)] = last.max_pages
        self.call(lambda: self.steady.open(last))
        self.call(lambda: self.steady.start(last))
        for _ in range(100):
            self.all_is_well()
            self.later()
            leases = self.call(lambda: self.steady.take(10)).leases
            self.note_taken(leases, 10, brief=False)
            self.settle_all([lease.id for lease in leases])
            if not leases and not self.state.pending:
                break
        self.all_is_well()
        assert not self.state.pending
        assert not self.state.running
        assert not {name.split(":")[0] for name in self.state.values} & GONE_AT_THE_END

    def settle_all(self, lease_ids: list[str]) -> None:
        """Settle leases in flight."""
        told = [(self.given[lease_id], Ending(Outcome.FOLLOWED)) for lease_id in lease_ids]
        assert all(self.call(lambda: self.steady.settle(told)))
        for lease_id in lease_ids:
            self.end(lease_id)


def test_nothing_is_lost_or_doubled(redis_url: str) -> None:
    """In whatever order the transitions come, and however often: each URL is in one place."""
    run_state_machine_as_test(type("Here", (Frontier,), {"url": redis_url}), settings=PROFILE)


async def test_many_urls_of_one_source(redis_url: str) -> None:
    """Of thousands none is admitted twice, and each bucket of what was seen stays small."""
    links = [Link(f"https://a.example/{n}", Kind.PAGE, 1) for n in range(5000)]
    async with Redis.from_url(redis_url) as client:
        queue = FrontierQueue(client, lease_seconds=60, max_attempts=3, dead_letters_max=2)
        source = Source(uuid4(), uuid4(), uuid4(), "https://a.example/", "p", 1000, 10)
        await queue.open(source)
        await queue.start(source)
        added = 0
        for start in range(0, 5000, 700):  # each batch begins with links of the one before
            added += await queue.add(source, links[max(0, start - 350) : start + 700])
        assert added == 5000
        assert await queue.add(source, links) == 0
    with redis.Redis.from_url(redis_url) as reader:
        state = ShardState(reader)
        state.check()
        buckets = state.seen[str(source.source_id)]
        assert set.union(*buckets.values()) == {
            fingerprint(source, url) for url in (source.url, *(x.url for x in links))
        }
        assert len(buckets) == 26
        kinds = {
            reader.object("encoding", f"{queue.keys.prefix}:seen:{source.source_id}:{n}") for n in buckets
        }
        assert kinds == {b"intset"}
