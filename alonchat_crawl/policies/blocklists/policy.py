"""Refuses requests to what the operator or the source's project has blocked."""

import logging
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError

from alonchat_crawl.errors import ReasonedError, Refused
from alonchat_crawl.fetch.address_rules import AddressRules
from alonchat_crawl.fetch.request_context import context_of
from alonchat_crawl.fetch.resolver import Resolver
from alonchat_crawl.policies.blocklists.lists import Match
from alonchat_crawl.policies.blocklists.live import Blocklists
from alonchat_crawl.policies.blocklists.rule_set import Target
from alonchat_crawl.reasons import Reason
from alonchat_crawl.urls import DEFAULT_PORTS, canonical_url

logger = logging.getLogger(__name__)


def comparable(url: str) -> str:
    """Return the canonical form of an http(s) URL or, if it has none, the URL with a canonical host.

    Raises ValueError if its host has no canonical form either.
    """
    canonical = canonical_url(url)
    if canonical is not None:
        return canonical
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    origin = canonical_url(f"http://{host}/") if host else None
    if origin is None:
        raise ValueError("its host cannot be compared")
    query = f"?{parts.query}" if parts.query else ""
    return f"{origin}{parts.path.removeprefix('/')}{query}"


class BlocklistPolicy:
    """Downloader middleware: refuses a request if a blocklist has its URL or an address of its host.

    It checks every request: pages, targets of redirects, sitemaps, robots.txt. It defers all requests until
    the rules in Postgres are known. Only the rules for all projects apply to robots.txt, because it is
    fetched for all projects. Networks that are blocked for all projects are also checked at each connection.
    """

    def __init__(self, blocklists: Blocklists, resolver: Resolver, rules: AddressRules) -> None:
        self._blocklists = blocklists
        self._resolver = resolver
        self._rules = rules

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the lists, and have networks checked at each connection. Raises StartupError."""
        blocklists, rules = Blocklists.of(crawler), AddressRules.of(crawler)
        rules.blocked = blocklists.blocks_address
        return cls(blocklists, Resolver.of(crawler), rules)

    async def process_request(self, request: Request) -> None:
        """Refuse the request if a rule blocks it or the check fails. Raises Refused and Outage."""
        try:
            await self._blocklists.ready()
            found = await self._match(request)
        except (ReasonedError, CannotResolveHostError):
            raise
        except Exception as error:
            logger.exception("A request could not be checked against the blocklists")
            raise Refused(
                Reason.BLOCKLIST_ERROR, f"it could not be compared: {type(error).__name__}"
            ) from error
        if found is not None:
            # Without path and query, which may hold a secret.
            raise Refused(Reason.BLOCKLIST, f"{urlsplit(request.url).hostname} {found}")

    async def _match(self, request: Request) -> Match | None:
        context = context_of(request)
        lease = context.lease
        if urlsplit(request.url).scheme not in DEFAULT_PORTS:
            return None  # AddressPolicy refuses it
        if self._rules.guard_of(request) is not self._rules:
            return None  # the operator's own storage
        url = request.url if lease is not None and lease.url == request.url else comparable(request.url)
        whose = None if context.is_site_file else lease
        project_id = whose.source.project_id if whose is not None else None
        target = Target.of_url(url)
        found = self._blocklists.match(target, project_id)
        if found is None and not target.addresses and self._blocklists.lists.has_own_networks(project_id):
            addresses = await self._resolver.addresses(urlsplit(url).hostname or "")
            parsed = [ip_address(address.partition("%")[0]) for address in addresses]
            found = self._blocklists.match(Target.of_url(url, parsed), project_id)
        return found
