"""Obeys robots.txt (RFC 9309) before every request."""

from dataclasses import replace
from functools import partial
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.settings import BaseSettings

from alonchat_crawl.errors import Refused, StartupError
from alonchat_crawl.fetch.request_context import context_of, set_context
from alonchat_crawl.policies.robots.cache import SiteFileKind
from alonchat_crawl.policies.robots.fetch_state import FileBody
from alonchat_crawl.policies.robots.robots_txt import Permissions, read_robots
from alonchat_crawl.policies.robots.site_files import SiteFiles, is_exempt
from alonchat_crawl.reasons import Reason
from alonchat_crawl.redis_keys import ROBOTS_TXT
from alonchat_crawl.user_agent import product_token


def robots_file(settings: BaseSettings) -> SiteFileKind[Permissions]:
    """robots.txt for the product token of USER_AGENT. Raises StartupError if USER_AGENT has none."""
    token = product_token(settings["USER_AGENT"])
    if not token:
        raise StartupError(
            f"USER_AGENT={settings['USER_AGENT']!r} has no product token for robots.txt to name."
        )
    return SiteFileKind(
        reason=Reason.ROBOTS,
        key=lambda origin: ROBOTS_TXT.of(token=token, origin=origin),
        path="/robots.txt",
        condense=partial(_condensed, token),
        parse=partial(_parsed, token, settings.getfloat("ROBOTS_MAX_DELAY_SECONDS")),
        crawl_delay=lambda permissions: permissions.crawl_delay_seconds,
    )


def _condensed(token: str, body: FileBody) -> bytes:
    octets = body.octets
    if not body.whole:  # drop the last line: half a line could be another rule
        octets = octets[: max(octets.rfind(b"\n"), octets.rfind(b"\r")) + 1]
    return read_robots(octets, token).text(token)


def _parsed(token: str, max_delay_seconds: float, condensed: bytes) -> Permissions:
    if not condensed.startswith(f"user-agent:{token}".encode()):
        raise ValueError("not a condensed robots.txt")  # a damaged entry must not allow everything
    return Permissions(read_robots(condensed, token), max_delay_seconds)


class RobotsPolicy:
    """Downloader middleware: refuses what robots.txt forbids, and notes its delay and sitemaps."""

    def __init__(self, files: SiteFiles, file: SiteFileKind[Permissions], agent: str) -> None:
        self._files = files
        self._file = file
        self._agent = agent

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the user agent and the limits. Raises StartupError."""
        settings = crawler.settings
        return cls(SiteFiles.of(crawler), robots_file(settings), product_token(settings["USER_AGENT"]))

    async def process_request(self, request: Request) -> None:
        """Refuse the request, defer it, or note its site's delay and sitemaps in its context."""
        if is_exempt(request):
            return
        known = await self._files.known(self._file, request)
        if known.unreachable:
            raise Refused(
                Reason.ROBOTS_UNREACHABLE, f"its robots.txt cannot be fetched ({known.unreachable})"
            )
        if not known.rules.allows(request.url):
            raise Refused(Reason.ROBOTS, f"its robots.txt forbids {self._agent} to fetch {request.url}")
        context = replace(
            context_of(request),
            crawl_delay_seconds=known.rules.crawl_delay_seconds or 0.0,
            sitemaps=known.rules.sitemaps,
        )
        set_context(request, context)
