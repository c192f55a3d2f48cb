"""Refuses requests for what looks like part of a crawler trap."""

from datetime import UTC, datetime
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler

from alonchat_crawl.errors import Refused
from alonchat_crawl.fetch.request_context import context_of
from alonchat_crawl.policies.traps.many_urls import TrapCounters
from alonchat_crawl.policies.traps.one_url import trap
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Kind

EXEMPT = frozenset({Kind.START, Kind.FILE})
"""Kinds of URLs that somebody has named."""


class TrapPolicy:
    """Downloader middleware: refuses a URL that looks like a trap, or belongs to one over its limit.

    Links come from fetched pages only, so a trap ends when no more of its pages are fetched.
    """

    def __init__(self, counters: TrapCounters) -> None:
        self._counters = counters

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Use the crawler's counters."""
        return cls(TrapCounters.of(crawler))

    async def process_request(self, request: Request) -> None:
        """Refuse the request or let it pass. Raises redis.RedisError."""
        context = context_of(request)
        lease = context.lease
        if lease is None or context.is_site_file or lease.kind in EXEMPT:
            return
        today = datetime.now(UTC).date()
        reason = trap(lease.url, today)
        if reason and trap(lease.source.url, today) == reason:  # the source's own URL looks like that
            reason = Reason.NONE
        if reason := reason or await self._counters.refused(lease):
            raise Refused(reason, f"{lease.url} looks like a {reason}, generated without end")
