"""Limits the bytes of bodies that a worker holds. A download over the budget waits; tenants take turns.

A body counts from its download until it is parsed. A small body never waits, and counts when it has arrived.
For a large body, its size or its limit is reserved before it is read, so that no two downloads wait for each
other. A body larger than the whole budget is let in when no other large body is held.
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
from alonchat_crawl.sources import Lease

WAITING_PART = 4
"""At most one in WAITING_PART of the requests in flight may wait for room; the others serve small pages."""
WEIGHT_LEAST_BYTES, WEIGHT_MOST_BYTES = 1024, 400_000
"""Bounds of a response's weight in the pipelines. The upper one keeps a single response from stopping the
worker; little of a large response is text."""
TOO_LARGE = frozenset({Reason.TOO_LARGE, Reason.ZIP_BOMB})
"""The reasons if a response, or a file in an archive, exceeds its limit."""
MEGABYTE = 1024 * 1024


@dataclass(slots=True, eq=False)
class _Waiting:
    lease: Lease
    size: int
    granted: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def tenant(self) -> UUID:
        return self.lease.source.project_id


class BodyBudget(PerCrawler):
    """Counts the bytes that a worker's leases hold. A lease's bytes are freed when it ends."""

    def __init__(self, most_bytes: int, waiting_max: int, wait_seconds: float, again_seconds: float) -> None:
        self.wait_seconds = wait_seconds
        self._most = most_bytes
        self._waiting_max = waiting_max
        self._again_seconds = again_seconds
        self._held: dict[str, int] = {}
        self._large: set[str] = set()
        """Leases that hold a large body or a reservation. They do not wait again."""
        self._weights: dict[str, int] = {}
        """By lease: the weight of a body that has arrived."""
        self._waiting: list[_Waiting] = []
        self._turns: dict[UUID, int] = {}
        """By tenant: the number of its last turn, which grows with each turn. Empty if nobody waits."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the limits, and listen to how the crawler's pages end."""
        settings = crawler.settings
        bodies = cls(
            settings.getint("WORKER_BODIES_MB") * MEGABYTE,
            max(1, settings.getint("CONCURRENT_REQUESTS") // WAITING_PART),
            settings.getfloat("BODIES_WAIT_SECONDS"),
            settings.getfloat("BODIES_AGAIN_SECONDS"),
        )
        crawler.signals.connect(bodies.free, page_ended)
        return bodies

    @property
    def held_bytes(self) -> int:
        """Bytes that are held or reserved."""
        return sum(self._held.values())

    @property
    def backlog_bytes(self) -> int:
        """The weight of all pages that are downloaded and have not ended."""
        return sum(self._weights.values())

    def _is_large(self, request: Request) -> bool:
        lease = _payer(request)
        return lease is None or lease.id in self._large

    async def let_in(self, request: Request, size: int) -> float:
        """Reserve bytes for a request's body; return the seconds that this took.

        Raises Deferred, for this URL alone, if there is no room in time or too many requests wait already.
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
        """Return the body that `read` returns within `most_bytes`.

        Room is reserved only if the body turns out to be large; `read` is then called a second time. Raises
        Deferred and what `read` raises.
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
        """Count a body that has arrived."""
        lease = _payer(request)
        if lease is not None:
            self._weights[lease.id] = min(max(size, WEIGHT_LEAST_BYTES), WEIGHT_MOST_BYTES)
            self._hold(lease.id, size)

    def parsed(self, response: Response) -> None:
        """Drop a large body that has been parsed: its text may wait for a long time to be embedded."""
        lease = _payer(response.request) if response.request is not None else None
        if lease is not None and lease.id in self._large:
            response._set_body(b"")  # noqa: SLF001 - Scrapy keeps the response until its items are stored
            self._hold(lease.id, 0)

    def free(self, lease: Lease) -> None:
        """Free all that a lease holds, though its body may be kept elsewhere (`ArchiveCache`)."""
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
        """Join the queue. If it is full, displace the last request of the tenant with most of them.

        Raises Deferred if this tenant itself would have the most.
        """
        self._drop_expired()
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
        """Let in as many requests as fit. The tenant let in longest ago is first, and is not overtaken."""
        self._drop_expired()
        while self._waiting:
            first = min(self._waiting, key=lambda waiting: self._turns.get(waiting.tenant, -1))
            if not self._fits(first.size):
                return
            self._waiting.remove(first)
            self._grant(first.lease, first.size)
            self._turns[first.tenant] = max(self._turns.values(), default=0) + 1
            first.granted.set_result(None)
        self._turns.clear()

    def _drop_expired(self) -> None:
        """Remove expired requests. Several may expire at once, before each can remove itself."""
        self._waiting = [waiting for waiting in self._waiting if not waiting.granted.done()]

    def no_room(self) -> Deferred:
        """Return the error of a URL that waited in vain."""
        detail = "the worker has no room for so large a body now (WORKER_BODIES_MB)"
        return Deferred(Reason.NO_ROOM, detail, self._again_seconds, alone=True)


def _payer(request: Request) -> Lease | None:
    """The lease that a request is made for; robots.txt is fetched for the lease of a page."""
    return context_of(request).lease
