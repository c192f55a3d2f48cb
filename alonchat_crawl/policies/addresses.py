"""Refuses requests to addresses that must not be dialled."""

from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler

from alonchat_crawl.fetch.address_rules import AddressRules, check_url, dialable
from alonchat_crawl.fetch.resolver import Resolver
from alonchat_crawl.urls import origin_parts


class AddressPolicy:
    """Downloader middleware: refuses the request before robots.txt or anything else is fetched for it.

    `dialling.GuardedReactor` enforces the same rules again when it connects.
    """

    def __init__(self, rules: AddressRules, resolver: Resolver) -> None:
        self._rules = rules
        self._resolver = resolver

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Use the crawler's rules and resolver."""
        return cls(AddressRules.of(crawler), Resolver.of(crawler))

    async def process_request(self, request: Request) -> None:
        """Refuse the request unless an address of its host may be dialled."""
        check_url(request.url)
        _, host, port = origin_parts(request.url)
        guard = self._rules.guard_of(request)
        dialable(host, await self._resolver.addresses(host), port, guard)
