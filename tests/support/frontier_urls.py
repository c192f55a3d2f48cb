"""What a URL goes through, as hypothesis drives it: see `frontier_machine.py`."""

from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from alonchat_crawl.frontier.domains import url_domain
from alonchat_crawl.frontier.release import Release
from alonchat_crawl.frontier.transitions import Replayed, Settled
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending, Kind, Lease, Link
from tests.support.frontier_machine import (
    ATTEMPTS,
    Sources,
    of_sources,
    of_times,
)
from tests.support.shard_state import ShardState

HOUR = 3600.0
URLS = [
    f"https://{host}/{n}" for host in ("a.example", "b.example", "c.example", "d.example") for n in range(4)
]
FOREIGN = ["c.example", "e.example"]
ENDINGS = [
    Ending(Outcome.STORED),
    Ending(Outcome.UNCHANGED),
    Ending(Outcome.FOLLOWED, Reason.REDIRECT),
    Ending(Outcome.REFUSED, Reason.NOINDEX, "it says so"),
    Ending(Outcome.RETRY, Reason.TIMEOUT, "it did not answer"),
    Ending(Outcome.RETRY, Reason.http(503), "it is too busy", wait_seconds=HOUR),
    Ending(Outcome.DEFERRED, Reason.PACE),
    Ending(Outcome.DEFERRED, Reason.NO_ROOM, wait_seconds=HOUR),
    Ending(Outcome.DEFERRED, Reason.PACE, wait_seconds=HOUR, rests=True),
    Ending(Outcome.DEAD, Reason.http(404), "it is not there"),
]
of_leases = st.integers(0, 11)


class Urls(Sources):
    """What a URL goes through."""

    @rule(
        index=of_sources,
        urls=st.lists(st.sampled_from(URLS), max_size=8),
        under=st.none() | of_leases,
        times=of_times,
    )
    def add(self, index: int, urls: list[str], under: int | None, times: int) -> None:
        """Add links, some of them for the second time, found under a lease or not."""
        source, lease_id = str(UUID(int=100 + index)), ""
        origins: tuple[str, ...] = ()
        if under is not None and self.leases:
            lease = self.leases[-1 - under % len(self.leases)]
            source, lease_id, origins = str(lease.source.source_id), lease.id, lease.origins
            index = lease.source.source_id.int - 100
        links = [Link(url, Kind.PAGE, 1) for url in urls]
        added = self.call(lambda: self.steady.add(self.run_of(index), links, origins, lease_id), times=times)
        known = self.state.sources.get(source, {})
        takes = known.get("state") in {"running", "paused"} and "ends" not in known
        assert added == (len(set(urls) - self.met[source]) if takes else 0)
        if takes:
            self.met[source] |= set(urls)
        if lease_id in self.expiring:
            self.told[lease_id] = self.told.get(lease_id, 0) + times * len(urls)

    @rule(
        count=st.integers(0, 4),
        only=st.none() | of_sources,
        brief=st.booleans(),
        lost=st.sampled_from([0, 0, 1]),
    )
    def take(self, count: int, only: int | None, brief: bool, lost: int) -> None:  # noqa: FBT001 - a rule's
        """Take some URLs, of whoever's turn it is or of one source; a lost reply leaves them leased."""
        queue = self.brief if brief else self.steady
        taken = self.call(lambda: queue.take(count, None if only is None else UUID(int=100 + only)))
        self.note_taken(taken.leases, count, brief=brief)
        if not lost:
            self.leases += taken.leases

    def note_taken(self, leases: list[Lease], count: int, *, brief: bool) -> None:
        """Check what was leased, and note it."""
        assert len(leases) <= count
        for lease in leases:
            assert lease.domain == url_domain(lease.url)
            assert lease.domain not in self.holder, "its request is in flight"
            assert lease.delay_seconds == self.delays.get(lease.domain, 0.0)
            self.holder[lease.domain] = lease.id
            self.expiring[lease.id] = brief
            self.given[lease.id] = lease
        state = ShardState(self.client)
        for source in {str(lease.source.source_id) for lease in leases}:
            known = state.sources[source]
            assert known["state"] == "running"
            assert "ends" not in known
            assert state.pages(source) + int(known["leased"]) <= int(known["max_pages"])

    @precondition(lambda self: self.leases)
    @rule(
        picks=st.lists(of_leases, min_size=1, max_size=2),
        pace=st.sampled_from([0.0, 0.0, HOUR]),
        sign=st.sampled_from([0, 1, 1, -1]),
        delay=st.sampled_from([0.0, 0.0, 7.5]),
        times=of_times,
    )
    def release(self, picks: list[int], pace: float, sign: int, delay: float, times: int) -> None:
        """Tell that requests have left their sites; some of them had before."""
        leases = [self.leases[-1 - pick % len(self.leases)] for pick in picks]
        told = [Release(one.id, one.domain, 0.0, pace, 0.0, sign, delay) for one in leases]
        expected = 0
        for lease in leases:
            if self.free(lease.id):
                expected += 1
                self.delays[lease.domain] = delay
        assert self.call(lambda: self.steady.release(told), times=times) == expected

    @precondition(lambda self: self.leases)
    @rule(
        endings=st.lists(st.tuples(of_leases, st.sampled_from(ENDINGS)), min_size=1, max_size=3),
        forgotten=st.sampled_from([0, 0, 0, 1]),
        times=of_times,
    )
    def settle(self, endings: list[tuple[int, Ending]], forgotten: int, times: int) -> None:
        """Settle leases, some late or for the second time; those whose links are forgotten stay in flight."""
        settled = [(self.leases[-1 - pick % len(self.leases)], ending) for pick, ending in endings]
        told = {lease.id: self.told.get(lease.id, 0) + forgotten for lease, _ in settled}
        codes = self.call(lambda: self.steady.settle(settled, told), times=times)
        for (lease, ending), code in zip(settled, codes, strict=True):
            if code is Settled.LINKS_LOST:
                assert forgotten
                assert lease.id in self.expiring
                continue
            assert not (forgotten and lease.id in self.expiring)
            assert (code is not Settled.UNKNOWN) is self.end(lease.id)
            last = ending.outcome is Outcome.RETRY and lease.attempt == ATTEMPTS
            self.buried += code is not Settled.UNKNOWN and (last or ending.outcome is Outcome.DEAD)

    @precondition(lambda self: self.leases)
    @rule(picks=st.lists(of_leases, min_size=1, max_size=3), longer=st.booleans(), times=of_times)
    def extend(self, picks: list[int], longer: bool, times: int) -> None:  # noqa: FBT001 - a rule's
        """Keep leases for longer, or so that they expire at once; those that are lost are named."""
        leases = [self.leases[-1 - pick % len(self.leases)] for pick in picks]
        queue = self.steady if longer else self.brief
        lost = self.call(lambda: queue.extend(leases), times=times)
        assert lost == {lease.id for lease in leases} - set(self.expiring)
        self.expiring |= {lease.id: not longer for lease in leases if lease.id not in lost}

    @precondition(lambda self: self.leases)
    @rule(picks=st.lists(of_leases, min_size=1, max_size=3), times=of_times)
    def untake(self, picks: list[int], times: int) -> None:
        """Give leases back; those that ended before are left alone."""
        leases = [self.leases[-1 - pick % len(self.leases)] for pick in picks]
        given = self.call(lambda: self.steady.untake(leases), times=times)
        assert given == sum([self.end(lease.id) for lease in leases])

    @rule(times=of_times)
    def reap(self, times: int) -> None:
        """Take back what has expired: no more and no less."""
        expired = [lease_id for lease_id, brief in self.expiring.items() if brief]
        reaped, _ = self.call(self.steady.reap, times=times)
        assert reaped == len(expired)
        self.buried += sum(self.given[lease_id].attempt == ATTEMPTS for lease_id in expired)
        for lease_id in expired:
            self.end(lease_id)

    @rule(domain=st.sampled_from(FOREIGN), hold=st.sampled_from(["x/1", "x/2"]), times=of_times)
    def reserve(self, domain: str, hold: str, times: int) -> None:
        """Hold a domain for a request that is none of its queues'."""
        hold = f"{hold}/{domain}"
        holder = self.holder.get(domain)
        wait = self.call(lambda: self.steady.reserve(domain, hold, HOUR), times=times)
        if wait == 0:
            assert holder in {None, hold}
            self.holder[domain] = hold
        else:
            assert holder != hold

    @rule(domain=st.sampled_from(FOREIGN), hold=st.sampled_from(["x/1", "x/2"]), times=of_times)
    def unreserve(self, domain: str, hold: str, times: int) -> None:
        """Release such a hold; another's stays."""
        hold = f"{hold}/{domain}"
        freed = self.call(lambda: self.steady.release([Release(hold, domain, 0.0, 0.0)]), times=times)
        assert freed == self.free(hold)
        if freed:
            self.delays.pop(domain, None)

    @rule(source=st.none() | of_sources, times=of_times)
    def replay(self, source: int | None, times: int) -> None:
        """Give dead letters of the present runs a new life."""
        letters = self.call(lambda: self.found("" if source is None else str(UUID(int=100 + source))))
        for letter, code in self.call(lambda: self.letters.replay(letters), times=times):
            known = self.state.sources.get(letter.source, {})
            done = known.get("state") in {"completed", "cancelled"}
            if not known:
                assert code is Replayed.SOURCE_UNKNOWN
            elif done or (known["state"] != "opening" and "ends" not in known):
                assert code is Replayed.QUEUED
                self.gone[letter.source].discard(letter.url)
                self.buried -= 1
            else:
                assert code is Replayed.ENDING
