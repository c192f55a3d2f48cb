"""The bytes of bodies that a worker holds: a download that would pass its budget waits; tenants take turns.

A body counts from its download until it is parsed. What is small never waits, and counts as it comes. What is
large is let in whole: its size, or the most that it may become, is set aside before it is read, so that no
two downloads ever wait for each other. One that is larger than the budget goes through alone.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Self
from uuid import UUID

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from alonchat_crawl.errors import Deferred, ReasonedError
from alonchat_crawl.fetch.request_context import context_of
from alonchat_crawl.per_crawler import PerCrawler
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sandbox.work_slots import SMALL_BYTES
from alonchat_crawl.signals import page_ended
from alonchat_crawl.sources import Ending, Lease

WAITING_PART = 4
"""Of the requests in flight, one in so many may wait for room: the others are small pages'."""
WEIGHT_LEAST_BYTES, WEIGHT_MOST_BYTES = 1024, 400_000
"""What a response weighs in the pipelines: of a large one little is text, and none stops the worker alone."""
TOO_LARGE = frozenset({Reason.TOO_LARGE, Reason.ZIP_BOMB})
"""How a limit of bytes ends: of an answer, and of a part of an archive."""
MEGABYTE = 1024 * 1024


@dataclass(slots=True, eq=False)
class _Waiting:
    lease: Lease
    size: int
    granted: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def tenant(self) -> UUID:
        return self.lease.source.project_id


class Bodies(PerCrawler):
    """What the leases of a worker hold, in bytes; all of a lease's is let go with its end."""

    def __init__(self, most_bytes: int, waiting_max: int, wait_seconds: float, again_seconds: float) -> None:
        self.wait_seconds = wait_seconds
        self._most = most_bytes
        self._waiting_max = waiting_max
        self._again_seconds = again_seconds
        self._held: dict[str, int] = {}
        self._large: set[str] = set()
        """Leases that were let in; what they hold does not wait for anything any more."""
        self._weights: dict[str, int] = {}
        """Of leases whose body has arrived."""
        self._waiting: list[_Waiting] = []
        self._turns: dict[UUID, int] = {}
        """When a tenant was let in last, while somebody waits."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Hear how the crawler's pages end."""
        settings = crawler.settings
        bodies = cls(
            settings.getint("WORKER_BODIES_MB") * MEGABYTE,
            max(1, settings.getint("CONCURRENT_REQUESTS") // WAITING_PART),
            settings.getfloat("BODIES_WAIT_SECONDS"),
            settings.getfloat("BODIES_AGAIN_SECONDS"),
        )
        crawler.signals.connect(bodies.page_ended, page_ended)
        return bodies

    @property
    def held_bytes(self) -> int:
        """All that is held, or set aside."""
        return sum(self._held.values())

    @property
    def backlog_bytes(self) -> int:
        """What waits or is worked on between its download and its end, by weight."""
        return sum(self._weights.values())

    def _is_large(self, request: Request) -> bool:
        lease = _payer(request)
        return lease is None or lease.id in self._large

    async def let_in(self, request: Request, size: int) -> float:
        """Set bytes aside for the body of a request; return the seconds that it waited.

        Raises Deferred, for this URL alone, where there is no room for so long, or too many wait already.
        """
        lease = _payer(request)
        if lease is None:
            return 0.0
        if not self._waiting and self._fits(size):
            self._grant(lease, size)
            return 0.0
        began, waiting = monotonic(), _Waiting(lease, size)
        self._line_up(waiting)
        try:
            async with asyncio.timeout(self.wait_seconds):
                await waiting.granted
        except TimeoutError:
            raise self.no_room() from None
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            self._admit()
        return monotonic() - began

    async def read(self, request: Request, most_bytes: int, read: Callable[[int], Awaitable[bytes]]) -> bytes:
        """What `read` gives within so many bytes: first within what needs no room, then let in.

        Raises Deferred, and what `read` does.
        """
        if most_bytes > SMALL_BYTES and not self._is_large(request):
            try:
                return await read(SMALL_BYTES)
            except ReasonedError as error:
                if error.reason not in TOO_LARGE:
                    raise
            await self.let_in(request, most_bytes)
        return await read(most_bytes)

    def arrived(self, request: Request, size: int) -> None:
        """A body is there, with as many bytes."""
        lease = _payer(request)
        if lease is not None:
            self._weights[lease.id] = min(max(size, WEIGHT_LEAST_BYTES), WEIGHT_MOST_BYTES)
            self._hold(lease.id, size)

    def parsed(self, response: Response) -> None:
        """A body is needed no more: forget it, however long its text waits to be embedded."""
        lease = _payer(response.request) if response.request is not None else None
        if lease is not None and lease.id in self._large:
            response._set_body(b"")  # noqa: SLF001 - Scrapy keeps the response until its items are stored
            self._hold(lease.id, 0)

    def page_ended(self, lease: Lease, ending: Ending) -> None:  # noqa: ARG002 - the signal's
        """Let go of all that a lease held."""
        self.free(lease)

    def free(self, lease: Lease) -> None:
        """Let go of all that a lease holds; what is kept of it elsewhere is counted there."""
        self._weights.pop(lease.id, None)
        self._hold(lease.id, 0)

    def _hold(self, lease_id: str, size: int) -> None:
        self._held[lease_id] = size
        if size == 0:
            del self._held[lease_id]
        if size <= SMALL_BYTES:
            self._large.discard(lease_id)
        self._admit()

    def _fits(self, size: int) -> bool:
        return not self._large or self.held_bytes + size <= self._most

    def _grant(self, lease: Lease, size: int) -> None:
        self._held[lease.id] = self._held.get(lease.id, 0) + size
        self._large.add(lease.id)

    def _line_up(self, waiting: _Waiting) -> None:
        """Take a place in the line, if need be that of a tenant which has more of them. Raises Deferred."""
        self._leave_out_the_late()
        if len(self._waiting) >= self._waiting_max:
            counts = Counter(other.tenant for other in self._waiting)
            tenant, most = counts.most_common(1)[0]
            if most <= counts[waiting.tenant] + 1:
                raise self.no_room()
            last = [other for other in self._waiting if other.tenant == tenant][-1]
            self._waiting.remove(last)
            last.granted.set_exception(self.no_room())
        self._waiting.append(waiting)

    def _admit(self) -> None:
        """Let in who waits, the tenant first that was let in longest ago; who is first is not overtaken."""
        self._leave_out_the_late()
        while self._waiting:
            first = min(self._waiting, key=lambda waiting: self._turns.get(waiting.tenant, -1))
            if not self._fits(first.size):
                return
            self._waiting.remove(first)
            self._grant(first.lease, first.size)
            self._turns[first.tenant] = max(self._turns.values(), default=0) + 1
            first.granted.set_result(None)
        self._turns.clear()

    def _leave_out_the_late(self) -> None:
        """Several may have waited for too long at the same moment, and only one of them knows it yet."""
        self._waiting = [waiting for waiting in self._waiting if not waiting.granted.done()]

    def no_room(self) -> Deferred:
        """What a URL ends with that waited in vain."""
        detail = "the worker has no room for so large a body now (WORKER_BODIES_MB)"
        return Deferred(Reason.NO_ROOM, detail, self._again_seconds, alone=True)


def _payer(request: Request) -> Lease | None:
    """Whose lease a request is made for; a site's file is asked for in place of a page."""
    return context_of(request).lease
