"""robots.txt (RFC 9309): fetched once a day for all workers, obeyed before every request."""

import asyncio
import json
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import Self
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from protego import Protego
from redis.asyncio import Redis
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from alonchat_crawl.connections import Connections
from alonchat_crawl.errors import Refused, Retry

FETCH_AGAIN = frozenset({408, 425, 429})
"""Client errors that say nothing of robots.txt itself."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a site's robots.txt says to our agent."""

    parser: Protego
    agent: str
    max_delay_seconds: float

    def allows(self, url: str) -> bool:
        """Whether the longest matching rule lets us fetch `url`."""
        return bool(self.parser.can_fetch(url, self.agent))

    @property
    def crawl_delay_seconds(self) -> float | None:
        """The Crawl-delay for us, up to `max_delay_seconds`; None where there is none that can be used."""
        delay = self.parser.crawl_delay(self.agent)
        return min(float(delay), self.max_delay_seconds) if delay is not None and delay > 0 else None

    @property
    def sitemaps(self) -> tuple[str, ...]:
        """Its Sitemap lines, as written."""
        return tuple(self.parser.sitemaps)


@lru_cache(maxsize=512)
def parse_rules(body: str, agent: str, max_delay_seconds: float) -> Rules:
    """Read a robots.txt; nothing in it raises."""
    return Rules(Protego.parse(body), agent, max_delay_seconds)


def readable_body(status: int, body: bytes, max_bytes: int) -> str | None:
    """The rules that a final answer stands for; None where there is none yet and it is to be asked again.

    RFC 9309, sections 2.3.1 and 2.5: a client error allows all, a server error disallows all (so the
    pages wait), and at least 500 KiB are read.
    """
    if 200 <= status < 300:  # noqa: PLR2004
        return body[:max_bytes].decode("utf-8-sig", errors="ignore")
    return "" if 300 <= status < 500 and status not in FETCH_AGAIN else None  # noqa: PLR2004


class RobotsPolicy:
    """Downloader middleware: refuses what robots.txt forbids, and hands on its delay and sitemaps."""

    def __init__(
        self,
        crawler: Crawler,
        redis: Redis,
        *,
        agent: str,
        cache_seconds: int,
        max_bytes: int,
        pace_seconds: float,
        max_delay_seconds: float,
    ) -> None:
        self._crawler = crawler
        self._redis = redis
        self._agent = agent
        self._cache_seconds = cache_seconds
        self._max_bytes = max_bytes
        self._pace_seconds = pace_seconds
        self._max_delay_seconds = max_delay_seconds
        self._fetching: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the agent, the limits and the pace from settings."""
        settings = crawler.settings
        return cls(
            crawler,
            Connections.of(crawler).redis,
            agent=settings["USER_AGENT"],
            cache_seconds=settings.getint("ROBOTS_CACHE_SECONDS"),
            max_bytes=settings.getint("ROBOTS_MAX_BYTES"),
            pace_seconds=settings.getfloat("CRAWL_DELAY_SECONDS"),
            max_delay_seconds=settings.getfloat("ROBOTS_MAX_DELAY_SECONDS"),
        )

    async def process_request(self, request: Request) -> None:
        """Refuse the request, or stamp `crawl_delay_seconds` and `sitemaps` on it."""
        if request.meta.get("robots"):
            return
        parts = urlsplit(request.url)
        rules = await self._rules(f"{parts.scheme}://{parts.netloc}", request)
        if not rules.allows(request.url):
            raise Refused(
                "robots", f"its robots.txt forbids {self._agent.split('/')[0]} to fetch {request.url}"
            )
        request.meta["crawl_delay_seconds"] = rules.crawl_delay_seconds
        request.meta["sitemaps"] = rules.sitemaps

    async def _rules(self, origin: str, request: Request) -> Rules:
        async with self._fetching.setdefault(origin, asyncio.Lock()):
            key = f"robots:{origin}"
            cached = await self._redis.get(key)
            if cached is None:
                body = await self._fetch(origin, request)
                await self._redis.set(key, json.dumps(body), ex=self._cache_seconds)
            else:
                body = json.loads(cached)
            return parse_rules(body, self._agent, self._max_delay_seconds)

    async def _fetch(self, origin: str, request: Request) -> str:
        """Fetch robots.txt in the domain's own turn: the page that waits for it comes one pace later."""
        began, delay = monotonic(), 0.0
        try:
            response = await self._download(origin, request)
            body = readable_body(response.status, response.body, self._max_bytes)
            if body is not None:
                delay = parse_rules(body, self._agent, self._max_delay_seconds).crawl_delay_seconds or 0.0
        finally:
            await asyncio.sleep(max(0.0, max(self._pace_seconds, delay) - (monotonic() - began)))
        if body is None:
            status = response.status
            raise Retry(f"robots http {status}", f"its robots.txt answered with HTTP status {status}")
        return body

    async def _download(self, origin: str, request: Request) -> Response:
        engine = self._crawler.engine
        assert engine is not None  # noqa: S101 - it runs us
        return await engine.download_async(
            Request(
                f"{origin}/robots.txt",
                meta={"robots": True, "download_slot": request.meta.get("download_slot")},
                callback=NO_CALLBACK,
            )
        )
