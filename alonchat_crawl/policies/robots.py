"""robots.txt (RFC 9309): fetched once a day for all workers, obeyed before every request."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NoReturn, Self
from urllib.parse import urljoin, urlsplit

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http.request import NO_CALLBACK

from alonchat_crawl.connections import Connections
from alonchat_crawl.errors import Deferred, Refused
from alonchat_crawl.policies.pace import Pacer
from alonchat_crawl.policies.robots_cache import RobotsCache, Rules, Visit
from alonchat_crawl.sources import Lease

FETCH_AGAIN = frozenset({408, 425, 429})
"""Client errors that say nothing of robots.txt itself."""


@dataclass(frozen=True, slots=True)
class Permissions:
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
def parse_rules(body: str, agent: str, max_delay_seconds: float) -> Permissions:
    """Read a robots.txt; nothing in it raises."""
    return Permissions(Protego.parse(body), agent, max_delay_seconds)


def read_answer(visit: Visit, status: int, location: str, body: bytes, limits: "Limits") -> Rules | Visit:
    """What an answer to a visit means: rules, or where and how often to ask on.

    RFC 9309, sections 2.3.1 and 2.5: five redirects are followed, beyond them and for a client error all is
    allowed; for a server error all is forbidden, once it has lasted for some visits; 500 KiB are read.
    """
    if 200 <= status < 300:  # noqa: PLR2004
        return Rules(body[: limits.max_bytes].decode("utf-8-sig", errors="ignore"))
    if 300 <= status < 400:  # noqa: PLR2004
        target = _target(visit.url, location)
        return Visit(target, visit.hops + 1) if target and visit.hops < limits.max_hops else Rules("")
    if status < 500 and status not in FETCH_AGAIN:  # noqa: PLR2004
        return Rules("")
    if visit.failures + 1 >= limits.max_failures:
        return Rules("", unreachable=f"http {status}")
    return Visit(visit.url, visit.hops, visit.failures + 1)


def _target(url: str, location: str) -> str | None:
    try:
        target = urljoin(url, location.strip())
        parts = urlsplit(target)
    except ValueError:
        return None
    return target if location and parts.scheme in {"http", "https"} and parts.hostname else None


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to go on asking for a robots.txt, and how much of it to read."""

    max_bytes: int
    max_hops: int
    max_failures: int
    max_delay_seconds: float
    """Of a Crawl-delay."""
    cache_seconds: int
    unreachable_seconds: int
    """Until one that could not be had is asked for again."""


class RobotsPolicy:
    """Downloader middleware: refuses what robots.txt forbids, and hands on its delay and sitemaps.

    Where the rules are not known, the turn of the page that asked is spent on them, and the page comes back.
    """

    def __init__(self, crawler: Crawler, cache: RobotsCache, *, agent: str, limits: Limits) -> None:
        self.pacer: Pacer | None = None
        self._crawler = crawler
        self._cache = cache
        self._agent = agent
        self._limits = limits

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Take the agent and the limits from settings."""
        settings = crawler.settings
        limits = Limits(
            max_bytes=settings.getint("ROBOTS_MAX_BYTES"),
            max_hops=settings.getint("ROBOTS_MAX_REDIRECTS"),
            max_failures=settings.getint("FRONTIER_MAX_ATTEMPTS"),
            max_delay_seconds=settings.getfloat("ROBOTS_MAX_DELAY_SECONDS"),
            cache_seconds=settings.getint("ROBOTS_CACHE_SECONDS"),
            unreachable_seconds=settings.getint("ROBOTS_UNREACHABLE_SECONDS"),
        )
        cache = RobotsCache(Connections.of(crawler).redis)
        return cls(crawler, cache, agent=settings["USER_AGENT"], limits=limits)

    async def process_request(self, request: Request) -> None:
        """Refuse the request, defer it, or stamp `crawl_delay_seconds` and `sitemaps` on it."""
        if request.meta.get("robots"):
            return
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        rules = await self._cache.get(origin)
        if isinstance(rules, Visit):
            await self._ask(origin, rules, request.meta["lease"])
        if rules.unreachable:
            raise Refused("robots unreachable", f"its robots.txt could not be had ({rules.unreachable})")
        permissions = self._permissions(rules)
        if not permissions.allows(request.url):
            raise Refused(
                "robots", f"its robots.txt forbids {self._agent.split('/')[0]} to fetch {request.url}"
            )
        request.meta["crawl_delay_seconds"] = permissions.crawl_delay_seconds
        request.meta["sitemaps"] = permissions.sitemaps

    def _permissions(self, rules: Rules) -> Permissions:
        return parse_rules(rules.body, self._agent, self._limits.max_delay_seconds)

    async def _ask(self, origin: str, visit: Visit, lease: Lease) -> NoReturn:
        """Fetch robots.txt in place of the page, which is deferred: it comes one pace later."""
        engine, pacer = self._crawler.engine, self.pacer
        assert engine is not None  # noqa: S101 - it runs us
        assert pacer is not None  # noqa: S101 - the frontier has set it before it delivered the first lease
        hold = await pacer.hold(lease, visit.url)
        meta = {"robots": True, "dont_redirect": True, "download_slot": hold.domain}
        if hold.domain == lease.domain:
            meta["lease"] = lease  # whose delay AutoThrottle starts from
        request, response = Request(visit.url, meta=meta, callback=NO_CALLBACK), None
        try:
            response = await engine.download_async(request)
            location = (response.headers.get("Location") or b"").decode("latin-1")
            found = read_answer(visit, response.status, location, response.body, self._limits)
            if isinstance(found, Rules):
                request.meta["crawl_delay_seconds"] = self._permissions(found).crawl_delay_seconds
        finally:
            pacer.released(hold, request, response)
        seconds = self._limits.unreachable_seconds if _is_unreachable(found) else self._limits.cache_seconds
        await self._cache.put(origin, found, seconds)
        if isinstance(found, Visit) and found.failures:
            status = f"http {response.status}"
            raise Deferred(f"robots {status}", f"its robots.txt answered with HTTP status {response.status}")
        raise Deferred("robots")


def _is_unreachable(found: Rules | Visit) -> bool:
    return bool(found.failures if isinstance(found, Visit) else found.unreachable)
