"""One worker's exchange with one shard: the leases that it holds, and the task that talks to Redis."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic
from uuid import UUID

from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError

from alonchat_crawl.frontier.queue import FrontierQueue
from alonchat_crawl.frontier.release import Release
from alonchat_crawl.frontier.transitions import Settled, awaited, is_of_one
from alonchat_crawl.frontier.view import Totals
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending, Lease, Link

logger = logging.getLogger(__name__)

Room = Callable[[], int]
"""Returns how many more leases the worker can hold; negative if it holds too many."""
Deliver = Callable[[list[Lease]], Awaitable[None]]
"""Receives newly taken leases."""

OUTAGE_WAIT_SECONDS = 0.5
REST_SECONDS = 0.005
"""Shortest wait between two polls without a wake-up: domains that become due together share one poll."""


@dataclass(slots=True)
class Found:
    """The links of one leased page. Kept until the lease is settled: a Redis restart may lose them."""

    links: list[Link] = field(default_factory=list)
    origins: tuple[str, ...] = ()
    """The source's origins; one more than the lease has if the source's start URL was redirected there."""
    sent: int = 0
    """How many of `links`, from the first, have been sent to Redis."""


@dataclass(slots=True)
class Outbox:
    """What has not been sent to Redis yet. Sending it twice does no harm."""

    found: dict[Lease, Found] = field(default_factory=dict)
    releases: list[tuple[Release, float]] = field(default_factory=list)
    """Each with the monotonic time, in seconds, at which its request was sent."""
    endings: dict[Lease, Ending] = field(default_factory=dict)

    def add(self, lease: Lease, link: Link, *, moved_to: str = "") -> None:
        """Note a link of a leased page; `moved_to` is the origin that its start URL was redirected to."""
        found = self.found.setdefault(lease, Found(origins=lease.origins))
        found.links.append(link)
        if moved_to and found.origins[-1] != moved_to:
            found.origins = (*found.origins, moved_to)

    def __bool__(self) -> bool:
        unsent = (found.sent < len(found.links) for found in self.found.values())
        return bool(self.releases or self.endings) or any(unsent)


class Exchange:
    """Takes leases when there is room, and sends Redis their links, releases and endings in batches.

    Nothing is lost while Redis is away: the outbox waits. `run` ends only when it is cancelled.
    """

    def __init__(
        self,
        queue: FrontierQueue,
        *,
        completed: Callable[[], None],
        only: UUID | None,
        poll_seconds: float,
    ) -> None:
        self.queue = queue
        self.outbox = Outbox()
        self.held: dict[str, tuple[Lease, float]] = {}
        """This worker's leases by id, each with the monotonic time at which it was taken."""
        self.extended_at = float("-inf")
        """Monotonic time just before the last call that extended all of `held`."""
        self.totals = Totals()
        self._completed = completed
        self._only = only
        self._poll_seconds = poll_seconds
        self._wake = asyncio.Event()
        self._hungry = asyncio.Event()
        self._fault = ""

    def valid_until(self, lease: Lease) -> float:
        """Monotonic time until which a lease is certainly ours; in the past if it is not."""
        _, since = self.held.get(lease.id, (lease, float("-inf")))
        return max(since, self.extended_at if lease.id in self.held else since) + self.queue.lease_ms / 1000

    def wake(self) -> None:
        """End the current sleep: there is something to send or to take."""
        self._wake.set()

    async def run(self, room: Room, deliver: Deliver) -> None:
        """Exchange until cancelled; an outage logs one line when it starts and one when it ends."""
        while True:
            try:
                due_seconds = await self._exchange(room, deliver)
            except (RedisError, OSError) as error:
                await self._wait_out(error)
                continue
            except Exception:
                logger.exception("The exchange with the frontier failed; going on")
                await asyncio.sleep(OUTAGE_WAIT_SECONDS)
                continue
            if self._fault:
                logger.warning("Redis serves us again")
                self._fault = ""
            await self._sleep(min(due_seconds, self._poll_seconds))

    async def listen(self) -> None:
        """Until cancelled: while this worker has room, let a worker that has too much to do wake it."""
        while True:
            await self._hungry.wait()
            try:
                rung = await awaited(self.queue.redis.blpop([self.queue.keys.wake], self._poll_seconds))
            except (RedisError, OSError):  # `run` meets the same error and logs it
                await asyncio.sleep(OUTAGE_WAIT_SECONDS)
                continue
            if rung:
                self.wake()

    async def _wait_out(self, error: Exception) -> None:
        kind = "full" if isinstance(error, OutOfMemoryError) else "away"
        if kind != self._fault:
            logger.warning("Redis does not serve us; waiting: %s", error)
        self._fault = kind
        if isinstance(error, ReadOnlyError):  # after a failover: reconnect, to reach the new primary
            await self.queue.redis.aclose()
        await asyncio.sleep(OUTAGE_WAIT_SECONDS)

    async def _sleep(self, seconds: float) -> None:
        if not self.outbox:
            try:
                async with asyncio.timeout(max(seconds, REST_SECONDS)):
                    await self._wake.wait()
            except TimeoutError:
                pass
        self._wake.clear()

    async def _exchange(self, room: Room, deliver: Deliver) -> float:
        """Send, then take; return the seconds until the next URL is due."""
        full = await self.flush()
        most = max(0, room())
        asked_at = monotonic()
        taken = await self.queue.take(most, self._only)
        self.totals = taken.totals
        for lease in taken.leases:
            self.held[lease.id] = (lease, asked_at)
        if taken.leases:
            await deliver(taken.leases)
        if taken.completed:
            self._completed()
        if full is not None:
            raise full  # only after taking: URLs that are taken and end free memory
        if len(taken.leases) < most:
            self._hungry.set()
            return taken.due_seconds
        self._hungry.clear()
        # Without room, poll only often enough that another worker is woken for what is due.
        return max(taken.due_seconds, OUTAGE_WAIT_SECONDS) if most == 0 else 0.0

    async def flush(self) -> OutOfMemoryError | None:
        """Send everything in the outbox: a page's links before the page's ending.

        If Redis has no memory left for links, send the rest all the same, since that frees memory, and return
        the error.
        """
        full: OutOfMemoryError | None = None
        # Snapshot both lists: a lease that ends during the awaits may have an unsent release, and settling it
        # first would free its domain at once.
        releases, endings = list(self.outbox.releases), dict(self.outbox.endings)
        for lease, found in list(self.outbox.found.items()):
            try:
                await self._send_links(lease, found)
            except OutOfMemoryError as error:
                full = error
            except Exception as error:
                if not is_of_one(error):
                    raise
                # Links that Redis rejects must not hold up other pages: give up only the page that has them.
                logger.exception("Redis rejects the links of %s: the page is given up", lease.url)
                found.sent = len(found.links)
                self.outbox.endings[lease] = Ending(
                    Outcome.DEAD, Reason.LINKS, f"its links cannot be kept: {error}"
                )
        now = monotonic()
        if releases:
            await self.queue.release(
                replace(release, elapsed_seconds=now - sent_at) for release, sent_at in releases
            )
            del self.outbox.releases[: len(releases)]
        await self._settle(endings)
        return full

    async def _send_links(self, lease: Lease, found: Found) -> None:
        count = len(found.links)
        if found.sent < count:
            unsent = found.links[found.sent : count]
            await self.queue.add(lease.source, unsent, found.origins, lease.id)
            found.sent = count

    async def _settle(self, endings: Mapping[Lease, Ending]) -> None:
        """Settle the leases whose links have all been sent."""
        links_sent = {
            lease.id: found.sent
            for lease in endings
            if (found := self.outbox.found.get(lease, Found())).sent == len(found.links)
        }
        settled = [(lease, ending) for lease, ending in endings.items() if lease.id in links_sent]
        try:
            codes = await self.queue.settle(settled, links_sent) if settled else []
        except Exception as error:
            if not is_of_one(error):
                raise
            if len(settled) == 1:
                logger.exception(
                    "Redis rejects the ending of %s: its lease is left to expire", settled[0][0].url
                )
                codes = [Settled.UNKNOWN]
            else:  # an ending that Redis rejects must not hold up the others
                for one in settled:
                    await self._settle(dict([one]))
                return
        for (lease, _), code in zip(settled, codes, strict=True):
            if code is Settled.LINKS_LOST:
                self.outbox.found[lease].sent = 0
                continue
            del self.outbox.endings[lease]
            self.outbox.found.pop(lease, None)
            self.held.pop(lease.id, None)
            if code is Settled.UNKNOWN:
                logger.info("The lease on %s had expired: another worker has it", lease.url)
            elif code is Settled.COMPLETED:
                self._completed()

    async def hand_over(self, not_started: list[Lease]) -> None:
        """At shutdown, send the outbox and give back the leases that were not started.

        If Redis does not answer, the leases expire and other workers take them.
        """
        try:
            await self.flush()
            if not_started:
                await self.queue.untake(not_started)
        except (RedisError, OSError) as error:
            logger.warning("Redis does not answer; %d leases are left to expire: %s", len(self.held), error)
