"""Refuse what is part of a crawler trap, before anything is asked of the site for it."""

from datetime import UTC, datetime
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler

from alonchat_crawl.errors import Refused
from alonchat_crawl.policies.traps.many_urls import TrapCounters
from alonchat_crawl.policies.traps.one_url import trap
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Kind, Lease

EXEMPT = frozenset({Kind.START, Kind.FILE})
"""Somebody asked for these by name."""


class TrapPolicy:
    """Downloader middleware: raises Refused for a URL that shows a trap, or belongs to one that is full.

    Links are found on fetched pages only, so a trap ends where no more of its pages are fetched.
    """

    def __init__(self, repeats: TrapCounters) -> None:
        self._repeats = repeats

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the crawler's counters."""
        return cls(TrapCounters.of(crawler))

    async def process_request(self, request: Request) -> None:
        """Refuse the request, or let it pass. Raises redis.RedisError."""
        lease: Lease | None = request.meta.get("lease")
        if lease is None or request.meta.get("robots") or lease.kind in EXEMPT:
            return
        today = datetime.now(UTC).date()
        reason = trap(lease.url, today)
        if reason and trap(lease.source.url, today) == reason:  # the source itself lies in such a place
            reason = Reason.NONE
        if reason := reason or await self._repeats.refused(lease):
            raise Refused(reason, f"{lease.url} looks like a {reason}, made up without end")
