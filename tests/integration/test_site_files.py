"""robots.txt and tdmrep.json against a real Redis: when a site is asked, what all workers know of it then."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from redis.asyncio import Redis
from scrapy import Request
from scrapy.exceptions import CannotResolveHostError, NotConfigured
from scrapy.http import HtmlResponse, Response
from scrapy.settings import Settings

from alonchat_crawl import settings
from alonchat_crawl.errors import Deferred, GiveUp, Refused, Retry
from alonchat_crawl.fetch.request_context import RequestContext, context_of
from alonchat_crawl.policies.robots import cache as site_file_cache
from alonchat_crawl.policies.robots.cache import SiteFileCache
from alonchat_crawl.policies.robots.fetch_state import KeptFile, PendingFile, SiteFileLimits
from alonchat_crawl.policies.robots.policy import RobotsPolicy, robots_file
from alonchat_crawl.policies.robots.site_files import SiteFiles
from alonchat_crawl.policies.robots.tdm_policy import TdmPolicy
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Hold, Kind, Lease
from tests.support.knowledge import make_source

URL = "https://e.org/private/a"
ROBOTS, TDM = "https://e.org/robots.txt", "https://e.org/.well-known/tdmrep.json"
KEY = "robots:alonchatbot:https://e.org"
FORBIDDING = b"User-agent: *\nDisallow: /private/\nCrawl-delay: 3\nSitemap: /s.xml\n"
RESERVED = b'[{"location": "/", "tdm-reservation": 1}]'
LIMITS = SiteFileLimits(512_000, 98_304, 5, 3, 86_000, 3600)
ROBOTS_FILE = robots_file(Settings({"USER_AGENT": settings.USER_AGENT, "ROBOTS_MAX_DELAY_SECONDS": 60}))

Answer = bytes | int | Exception | tuple[int, str]
"""A body, a status, what the download raises, or a redirect."""


@dataclass
class Worker:
    """One worker's policies, on a network that answers from a table, in a frontier that notes its paces."""

    redis: Redis
    answers: Mapping[str, Answer]
    asked: list[str] = field(default_factory=list)
    paces: list[tuple[str, float, bool]] = field(default_factory=list)
    """(domain, delay in seconds, whether it answered)."""

    def __post_init__(self) -> None:
        self.engine = self
        self.cache = SiteFileCache(self.redis, LIMITS)
        files = SiteFiles(self, self, self.cache, LIMITS)  # type: ignore[arg-type] # a crawler, as far as it is asked
        self.robots = RobotsPolicy(files, ROBOTS_FILE, "alonchatbot")
        self.rights = TdmPolicy(files, ROBOTS_FILE, settings.USER_AGENT, obey=True)

    async def download_async(self, request: Request) -> Response:
        """Answer as the site does."""
        assert context_of(request).is_site_file
        self.asked.append(request.url)
        match self.answers.get(request.url, 404):
            case Exception() as error:
                raise error
            case int(status):
                return Response(request.url, status=status)
            case (int(status), str(location)):
                return Response(request.url, status=status, headers={"Location": location})
            case bytes(body):
                return Response(request.url, body=body)
        raise AssertionError

    async def hold(self, lease: Lease, url: str) -> Hold:
        """Let everything be asked at once."""
        return Hold(f"{lease.id}/{url}", url.split("/")[2])

    def released(self, hold: Hold, request: Request, response: Response | None) -> None:
        """Note the pace."""
        self.paces.append((hold.domain, context_of(request).crawl_delay_seconds, response is not None))

    def request(self, url: str = URL, kind: Kind = Kind.PAGE, source: str = "website") -> Request:
        """Return a leased request."""
        owner = replace(make_source(), kind=source)
        lease = Lease("1", owner, ("https://e.org",), "e.org", url, kind, 0, 1)
        return Request(url, meta=RequestContext(lease).as_meta())

    async def outcome(self, url: str = URL, turns: int = 1) -> str:
        """Return what becomes of a page at the end of so many turns: `fetched`, or an error's reason."""
        reason = ""
        for _ in range(turns):
            request = self.request(url)
            try:
                await self.robots.process_request(request)
            except (Deferred, Refused, Retry, GiveUp) as error:
                reason = f"{type(error).__name__} {error.reason}"
            except CannotResolveHostError:
                reason = "dns"
            else:
                return "fetched"
        return reason


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    """A client of an empty database."""
    async with Redis.from_url(redis_url) as opened:
        yield opened


async def test_asked_for_once(client: Redis) -> None:
    """The first page gives its turn for robots.txt, in its pace; no other worker asks again for a day."""
    first, second = Worker(client, {ROBOTS: FORBIDDING}), Worker(client, {})
    assert await first.outcome() == "Deferred robots"
    assert first.paces == [("e.org", 3.0, True)]
    assert [await first.outcome(), await first.outcome("https://e.org/")] == ["Refused robots", "fetched"]
    assert [await second.outcome(), await second.outcome("https://e.org/")] == ["Refused robots", "fetched"]
    assert (first.asked, second.asked) == ([ROBOTS], [])
    assert 80_000 < await client.ttl(KEY) < 86_340  # with the minute that a worker remembers, under a day
    request = second.request("https://e.org/")
    await second.robots.process_request(request)
    context = context_of(request)
    assert (context.crawl_delay_seconds, context.sitemaps) == (3.0, ("/s.xml",))


async def test_of_each_origin(client: Redis) -> None:
    """Another scheme, port or host has a robots.txt of its own."""
    worker = Worker(client, {ROBOTS: FORBIDDING})
    for origin in ("https://e.org", "http://e.org", "https://e.org:8443", "https://www.e.org"):
        assert await worker.outcome(f"{origin}/private/a") == "Deferred robots"
    assert await worker.outcome("http://e.org/private/a") == "fetched"
    assert len(set(worker.asked)) == 4


async def test_redirects(client: Redis) -> None:
    """Five are followed, each in its host's pace, and what they lead to is the first host's robots.txt."""
    chain = {f"https://h{n}.org/robots.txt": (301, f"https://h{n + 1}.org/robots.txt") for n in range(1, 5)}
    moved: dict[str, Answer] = {
        ROBOTS: (301, "https://h1.org/robots.txt"),
        **chain,
        "https://h5.org/robots.txt": FORBIDDING,
    }
    worker = Worker(client, moved)
    assert await worker.outcome(turns=6) == "Deferred robots"
    assert [domain for domain, *_ in worker.paces] == [
        "e.org",
        "h1.org",
        "h2.org",
        "h3.org",
        "h4.org",
        "h5.org",
    ]
    assert await worker.outcome() == "Refused robots"
    assert await worker.outcome("https://e.org/b") == "fetched"
    assert await worker.outcome("https://h5.org/private/a") == "Deferred robots"  # it is asked as itself

    longer = Worker(
        client, {ROBOTS: (301, "/1"), **{f"https://e.org/{n}": (302, f"/{n + 1}") for n in range(1, 9)}}
    )
    await client.flushdb()
    assert await longer.outcome(turns=9) == "fetched"
    assert len(longer.asked) == 6


@pytest.mark.parametrize(
    ("answer", "outcomes"),
    [
        (404, ["Deferred robots", "fetched"]),
        (403, ["Deferred robots", "fetched"]),
        (503, ["Deferred robots http 503"] * 3 + ["Refused robots unreachable"]),
        (429, ["Deferred robots http 429"] * 3 + ["Refused robots unreachable"]),
        (Retry(Reason.TIMEOUT), ["Retry timeout"] * 3 + ["Refused robots unreachable"]),
        (CannotResolveHostError("e.org"), ["dns"] * 3 + ["Refused robots unreachable"]),
        (Refused(Reason.TLS), ["Refused tls", "Refused robots unreachable"]),
        (GiveUp(Reason.TOO_LARGE), ["GiveUp too large", "Refused robots unreachable"]),
        (Deferred(Reason.LEASE_TOO_OLD), ["Deferred lease too old"] * 9),
    ],
    ids=str,
)
async def test_what_it_answers(client: Redis, answer: Answer, outcomes: list[str]) -> None:
    """A site that has none is crawled; one that cannot say is not, nor asked for ever (RFC 9309, 2.3.1)."""
    worker = Worker(client, {ROBOTS: answer})
    if outcomes[0].startswith("Deferred robots http"):
        outcomes = [*outcomes[:2], "Deferred robots", outcomes[-1]]
    assert [await worker.outcome() for _ in outcomes] == outcomes
    if outcomes[-1] == "Refused robots unreachable":
        assert 3000 < await client.ttl(KEY) <= 3600
        asked = len(worker.asked)
        assert await Worker(client, {ROBOTS: b""}).outcome() == "Refused robots unreachable"
        assert len(worker.asked) == asked


async def test_a_redirect_to_where_we_must_not_go(client: Redis) -> None:
    """It is nothing that a page is refused for by itself, and it allows nothing."""
    worker = Worker(
        client, {ROBOTS: (302, "http://10.0.0.1/r"), "http://10.0.0.1/r": Refused(Reason.ADDRESS)}
    )
    assert await worker.outcome(turns=2) == "Deferred robots"
    assert await worker.outcome() == "Refused robots unreachable"


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x00",
        b"kept x",
        b"kept " + b"\xff" * 100,
        b'{"body": ""}',
        b"visit null",
        KeptFile(b"Disallow:"),
        1,
    ],
    ids=repr,
)
async def test_a_spoilt_cache(client: Redis, value: bytes | KeptFile | int) -> None:
    """What cannot be read is unknown: it neither allows nor crashes, and is asked for again."""
    worker = Worker(client, {ROBOTS: FORBIDDING})
    if isinstance(value, KeptFile):
        await worker.cache.put(ROBOTS_FILE, "https://e.org", value)
    else:
        await client.set(KEY, value)
    assert [await worker.outcome() for _ in range(2)] == ["Deferred robots", "Refused robots"]


async def test_a_redis_that_hostile_sites_fill(client: Redis) -> None:
    """Of hostile sites' half megabytes next to nothing is kept, and none of them is crawled against them."""
    noise = b"".join(b"Disallow: /%x\n" % (n * 2654435761 % 2**61) for n in range(20_000))
    sites = {
        "https://noise.org": b"User-agent: *\n" + noise,
        "https://others.org": b"".join(b"User-agent: b%d\nDisallow: /%d\n" % (n, n) for n in range(10_000)),
        "https://wild.org": b"User-agent: *\n" + b"Disallow: /*a*a*a*b\n" * 20_000,
    }
    worker = Worker(client, {f"{origin}/robots.txt": body for origin, body in sites.items()})
    kept: dict[str, int] = {}
    for origin in sites:
        assert await worker.outcome(f"{origin}/b") == "Deferred robots"
        kept[origin] = await client.memory_usage(f"robots:alonchatbot:{origin}") or 0
    assert max(kept.values()) < 300
    assert await worker.outcome("https://noise.org/b") == "Refused robots unreachable"
    assert await worker.outcome("https://wild.org/b") == "fetched"


async def test_what_a_worker_remembers(client: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is bounded by its size, and what was forgotten is read again."""
    monkeypatch.setattr(site_file_cache, "KNOWN_MAX_BYTES", 100_000)
    cache = Worker(client, {}).cache
    large = b"user-agent:alonchatbot\n" + b"\n".join(b"disallow:/%d" % n for n in range(800))
    for n in [*range(20), 0]:
        await cache.put(ROBOTS_FILE, f"https://h{n}.org", KeptFile(large))
        known = await cache.get(ROBOTS_FILE, f"https://h{n}.org")
        assert not isinstance(known, PendingFile)
        assert not known.rules.allows("https://h.org/7")
        assert cache._weight <= 100_000
    assert 0 < len(cache._remembered) < 20


async def test_who_is_exempt(client: Redis) -> None:
    """A site file's own request, and a file that its owner hands in, ask nobody."""
    worker = Worker(client, {})
    robots = Request(ROBOTS, meta=RequestContext(is_site_file=True).as_meta())
    for request in (robots, worker.request(source="upload")):
        await worker.robots.process_request(request)
        await worker.rights.process_request(request)
        assert not context_of(request).obeys_tdm
    assert worker.asked == []


async def rights(worker: Worker, headers: dict[str, Any], kind: Kind = Kind.PAGE, status: int = 200) -> Any:
    """Return what a page's request or its response came to: what is reserved, or an error's reason."""
    for _ in range(5):
        request = worker.request("https://e.org/a", kind)
        try:
            await worker.robots.process_request(request)
            await worker.rights.process_request(request)
        except Deferred:
            continue
        response = HtmlResponse(request.url, status=status, headers=headers, request=request)
        try:
            worker.rights.process_response(request, response)
        except (Refused, Retry) as error:
            return type(error).__name__, error.reason
        assert context_of(request).obeys_tdm
        return context_of(request).tdm_reserved
    raise AssertionError


HTML, PDF = {"Content-Type": "text/html"}, {"Content-Type": "application/pdf"}


@pytest.mark.parametrize(
    ("file", "headers", "kind", "status", "expected"),
    [
        (RESERVED, HTML, Kind.PAGE, 200, True),
        (RESERVED, PDF, Kind.PAGE, 200, ("Refused", "tdm")),
        (RESERVED, PDF, Kind.FILE, 200, ("Refused", "tdm")),
        (RESERVED, HTML, Kind.SITEMAP, 200, ("Refused", "tdm")),
        (RESERVED, HTML, Kind.PAGE, 304, ("Retry", "tdm")),
        (RESERVED, HTML | {"tdm-reservation": "0"}, Kind.PAGE, 200, False),
        (RESERVED, PDF | {"TDM-Reservation": "0"}, Kind.PAGE, 200, False),
        (RESERVED, PDF | {"tdm-reservation": "2"}, Kind.PAGE, 200, ("Refused", "tdm")),
        (RESERVED, HTML | {"tdm-reservation": "0"}, Kind.PAGE, 304, False),
        (404, HTML | {"tdm-reservation": "1"}, Kind.PAGE, 200, True),
        (404, PDF | {"tdm-reservation": "1"}, Kind.PAGE, 200, ("Refused", "tdm")),
        (404, {"tdm-reservation": "1"}, Kind.PAGE, 304, ("Retry", "tdm")),
        (404, PDF | {"X-Robots-Tag": ["noindex", "alonchatbot: noai"]}, Kind.PAGE, 200, ("Refused", "tdm")),
        (404, PDF | {"X-Robots-Tag": "otherbot: noai"}, Kind.PAGE, 200, None),
        (404, PDF, Kind.PAGE, 200, None),
        (b"<html>", PDF, Kind.PAGE, 200, None),
        (b"[" * 100_000, PDF, Kind.PAGE, 200, None),
        (503, PDF, Kind.PAGE, 200, None),
    ],
)
async def test_rights(
    client: Redis, file: Answer, headers: dict[str, Any], kind: Kind, status: int, expected: object
) -> None:
    """The file, then the header; HTML is left to its meta tags; a 304 sends for the page itself."""
    worker = Worker(client, {ROBOTS: b"User-agent: *\nCrawl-delay: 7", TDM: file})
    assert await rights(worker, headers, kind, status) == expected
    assert worker.asked[:2] == [ROBOTS, TDM]
    assert worker.paces[1] == ("e.org", 7.0, True)
    other = Worker(client, {})
    assert await rights(other, headers, kind, status) == expected
    assert other.asked == []


async def test_a_file_that_robots_txt_keeps_from_us(client: Redis) -> None:
    """It is not asked for, and so says nothing."""
    worker = Worker(client, {ROBOTS: b"User-agent: *\nDisallow: /.well-known/", TDM: RESERVED})
    assert await rights(worker, PDF) is None
    assert worker.asked == [ROBOTS]


def test_where_nobody_obeys() -> None:
    """TDM_RESERVATION=ignore takes the policy out."""
    with pytest.raises(NotConfigured):
        TdmPolicy(None, ROBOTS_FILE, "", obey=False)  # type: ignore[arg-type] # it is not looked at
