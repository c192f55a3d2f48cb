"""Workers on one shard as hypothesis drives them, and what they know of it: what a source goes through."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID, uuid4

import redis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from redis.asyncio import Redis

from alonchat_crawl.frontier.codec import decode_source
from alonchat_crawl.frontier.dead_letters import DeadLetter, DeadLetters, LetterFilter
from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Opened
from alonchat_crawl.sources import Lease, Source
from tests.support.shard_state import ShardState

ATTEMPTS = 3
TENANTS = [UUID(int=1), UUID(int=2)]
STARTS = ["https://a.example/", "https://a.example/shop/", "https://b.example/", "https://www.a.example/"]
OWNERS = [0, 0, 1, 1]
of_sources = st.integers(0, len(STARTS) - 1)
of_limits = st.sampled_from([1, 1, 2, 3, 6])
of_times = st.sampled_from([1, 1, 2])


def source_of(index: int, max_pages: int) -> Source:
    """A new run of one of the sources."""
    tenant = TENANTS[OWNERS[index]]
    return Source(
        UUID(int=100 + index), tenant, uuid4(), STARTS[index], "p", max_pages, 10, priority=5 + index
    )


class Sources(RuleBasedStateMachine):
    """Two workers on one shard: what one leases expires at the next reaping, what the other does never."""

    url: ClassVar[str]
    """Of the server."""

    def __init__(self) -> None:
        super().__init__()
        self.client = redis.Redis.from_url(self.url)
        self.client.flushdb()
        self.runner = asyncio.Runner()
        self.redis = Redis.from_url(self.url)
        self.steady, self.brief = (
            FrontierQueue(self.redis, lease_seconds=s, max_attempts=ATTEMPTS, dead_letters_max=3)
            for s in (900, 0)
        )
        self.letters = DeadLetters(Shards([self.steady]))
        self.leases: list[Lease] = []
        """Every one that a worker was told of, ended ones too."""
        self.given: dict[str, Lease] = {}
        """Also those whose reply was lost."""
        self.expiring: dict[str, bool] = {}
        """Leases in flight: whether the next reaping ends them."""
        self.told: dict[str, int] = {}
        """How many links were added under each of them."""
        self.holder: dict[str, str] = {}
        """Domains with a request in flight, by whose hold."""
        self.delays: dict[str, float] = {}
        self.met: dict[str, set[str]] = {}
        self.gone: dict[str, set[str]] = {}
        """URLs that have ended: they may not come back but by a replay."""
        self.limit: dict[str, int] = {}
        """The highest page limit that a run has had."""
        self.stale: set[str] = set()
        """Dead letters of runs before the present one."""
        self.buried = 0
        self.state = ShardState(self.client)

    def call(self, work: Callable[[], Coroutine[Any, Any, Any]], *, times: int = 1) -> Any:
        """Run a coroutine, again where its reply was lost; return what it came to first."""
        first, *_ = [self.runner.run(work()) for _ in range(times)]
        return first

    def of(self, index: int) -> dict[str, str]:
        """What the shard knew of a source before this step."""
        return self.state.sources.get(str(UUID(int=100 + index)), {})

    def is_open(self, index: int) -> bool:
        """Whether a source runs or is paused."""
        return self.of(index).get("state") in {"running", "paused"}

    # --- A source's life ---

    @rule(
        index=of_sources,
        max_pages=of_limits,
        then=st.sampled_from(["start", "start", "wait", "abandon"]),
    )
    def open(self, index: int, max_pages: int, then: str) -> None:
        """Open a source, and start it, or not yet, or give up."""
        source = source_of(index, max_pages)
        own, before = str(source.source_id), self.of(index).get("state")
        code, run = self.call(lambda: self.steady.open(source), times=2 if then == "start" else 1)
        if before in {"running", "paused"}:
            assert code is Opened.RUNNING
            return
        assert code is (Opened.CLOSING if own in self.state.completed else Opened.OPENING)
        if code is Opened.CLOSING:
            return
        if before != "opening":
            self.met[own], self.gone[own], self.limit[own] = set(), set(), max_pages
            letters = self.call(lambda: self.found(own))
            self.stale |= {letter.id for letter in letters}
        if then == "start":
            assert self.call(lambda: self.steady.start(run), times=2)
            self.met[own].add(run.url)
        elif then == "abandon":
            self.call(lambda: self.steady.abandon(run), times=2)

    @rule(index=of_sources, change=st.sampled_from(["pause", "resume", "cancel"]), times=of_times)
    def change(self, index: int, change: str, times: int) -> None:
        """Pause, resume or cancel."""
        run = self.run_of(index)
        changed = self.call(lambda: getattr(self.steady, change)(run), times=times)
        assert changed is self.is_open(index)

    @rule(index=of_sources, max_pages=of_limits, times=of_times)
    def amend(self, index: int, max_pages: int, times: int) -> None:
        """Give a source other limits."""
        source = replace(source_of(index, max_pages), crawl_id=self.run_of(index).crawl_id)
        amended = self.call(lambda: self.steady.amend(source), times=times)
        assert amended is (self.is_open(index) or self.of(index).get("state") == "opening")
        if amended:
            self.limit[str(source.source_id)] = max(self.limit[str(source.source_id)], max_pages)

    def run_of(self, index: int) -> Source:
        """The run that a source is in, or any where there is none."""
        spec = self.of(index).get("spec")
        return decode_source(spec.encode()) if spec else source_of(index, 10)

    @rule(index=of_sources, times=of_times)
    def close(self, index: int, times: int) -> None:
        """Note that a source's end is written down."""
        closed = self.call(lambda: self.steady.close(self.run_of(index)), times=times)
        assert closed is (self.of(index).get("state") in {"completed", "cancelled"})

    # --- What a worker knows ---

    def end(self, lease_id: str) -> bool:
        """Note that a lease ended; False where it had before."""
        self.free(lease_id)
        self.told.pop(lease_id, None)
        return self.expiring.pop(lease_id, None) is not None

    def free(self, hold_id: str) -> bool:
        """Note that a domain is held no more; False where this did not hold it."""
        held = [domain for domain, holder in self.holder.items() if holder == hold_id]
        for domain in held:
            del self.holder[domain]
        return bool(held)

    async def found(self, source: str = "") -> list[DeadLetter]:
        """The dead letters that can be replayed, of one source or of all."""
        wanted = LetterFilter(source=source)
        return [letter async for letter in self.letters.find(wanted) if letter.id not in self.stale]

    def stop(self) -> None:
        """Let go of the server."""
        self.call(self.redis.aclose)
        self.runner.close()
        self.client.close()
