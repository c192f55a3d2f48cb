"""One worker's conversation with the frontier: what it holds, and one task that speaks to Redis."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

from redis.exceptions import RedisError

from alonchat_crawl.frontier.queue import FrontierQueue, Settled
from alonchat_crawl.outcomes import Ending
from alonchat_crawl.sources import Lease, Link

logger = logging.getLogger(__name__)

OUTAGE_WAIT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Release:
    """The request of a lease has left the site."""

    lease: Lease
    elapsed_seconds: float
    pace_seconds: float
    wait_seconds: float = 0.0


@dataclass(slots=True)
class Outbox:
    """What Redis has not been told yet. Telling it twice does no harm."""

    links: dict[UUID, list[Link]] = field(default_factory=lambda: defaultdict(list))
    hosts: dict[UUID, str] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    endings: dict[Lease, Ending] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.links or self.hosts or self.releases or self.endings)


class Exchange:
    """Takes leases when there is room and tells Redis what became of them, in batches.

    Nothing is lost while Redis is away: the outbox waits. `run` never ends but by cancellation.
    """

    def __init__(
        self,
        queue: FrontierQueue,
        *,
        room: Callable[[], int],
        deliver: Callable[[list[Lease]], None],
        completed: Callable[[], None],
        only: UUID | None,
        poll_seconds: float,
    ) -> None:
        self.queue = queue
        self.outbox = Outbox()
        self.held: dict[str, tuple[Lease, float]] = {}
        """Leases of this worker by id, with the monotonic time at which each was taken."""
        self._room = room
        self._deliver = deliver
        self._completed = completed
        self._only = only
        self._poll_seconds = poll_seconds
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something waits to be told or asked: do not sleep on."""
        self._wake.set()

    async def run(self) -> None:
        """Exchange until cancelled; an outage is one log line at its start and one at its end."""
        away = False
        while True:
            try:
                due_seconds = await self._exchange()
            except (RedisError, OSError) as error:
                if not away:
                    logger.warning("Redis does not answer; waiting: %s", error)
                away = True
                await asyncio.sleep(OUTAGE_WAIT_SECONDS)
                continue
            except Exception:
                logger.exception("The exchange with the frontier failed; going on")
                await asyncio.sleep(OUTAGE_WAIT_SECONDS)
                continue
            if away:
                logger.warning("Redis answers again")
                away = False
            await self._sleep(min(due_seconds, self._poll_seconds))

    async def _sleep(self, seconds: float) -> None:
        if not self.outbox:
            try:
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
            except TimeoutError:
                pass
        self._wake.clear()

    async def _exchange(self) -> float:
        """Tell, then take; return the seconds until the next URL is due."""
        await self.flush()
        room = self._room()
        if room <= 0:
            return self._poll_seconds
        taken = await self.queue.take(room, self._only)
        for lease in taken.leases:
            self.held[lease.id] = (lease, monotonic())
        if taken.leases:
            self._deliver(taken.leases)
        if taken.completed:
            self._completed()
        return taken.due_seconds

    async def flush(self) -> None:
        """Tell Redis everything in the outbox, a page's links before the page's own ending."""
        outbox, self.outbox = self.outbox, Outbox()
        try:
            for source_id, host in list(outbox.hosts.items()):
                await self.queue.move(source_id, host)
                del outbox.hosts[source_id]
            for source_id, links in list(outbox.links.items()):
                await self.queue.add(source_id, links)
                del outbox.links[source_id]
            while outbox.releases:
                release = outbox.releases[0]
                await self.queue.release(
                    release.lease,
                    elapsed_seconds=release.elapsed_seconds,
                    pace_seconds=release.pace_seconds,
                    wait_seconds=release.wait_seconds,
                )
                outbox.releases.pop(0)
            for lease, ending in list(outbox.endings.items()):
                await self._settle(lease, ending)
                del outbox.endings[lease]
        finally:
            self._keep(outbox)

    def _keep(self, untold: Outbox) -> None:
        """Put what could not be told in front of what came since."""
        for source_id, links in untold.links.items():
            self.outbox.links[source_id][:0] = links
        self.outbox.hosts = untold.hosts | self.outbox.hosts
        self.outbox.releases[:0] = untold.releases
        self.outbox.endings = untold.endings | self.outbox.endings

    async def _settle(self, lease: Lease, ending: Ending) -> None:
        settled = await self.queue.settle(lease, ending)
        self.held.pop(lease.id, None)
        if settled is Settled.UNKNOWN:
            logger.warning("Lease on %s had expired: another worker has it", lease.url)
        elif settled is Settled.COMPLETED:
            self._completed()

    async def hand_over(self, unbegun: list[Lease]) -> None:
        """On the way out: tell what there is to tell and give unbegun leases back.

        Where Redis does not answer, the leases expire and other workers take them.
        """
        try:
            await self.flush()
            if unbegun:
                await self.queue.untake(unbegun)
        except (RedisError, OSError) as error:
            logger.warning("Redis does not answer; %d leases are left to expire: %s", len(self.held), error)
