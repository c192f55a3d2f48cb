"""Conditional requests against a real Postgres: what is asked of a site, and what its 304 leads to."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from psycopg_pool import AsyncConnectionPool
from scrapy import Request
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from alonchat_crawl import settings
from alonchat_crawl.embedding import scheme
from alonchat_crawl.errors import Outage
from alonchat_crawl.extract import EXTRACTION_VERSION
from alonchat_crawl.fetch.request_context import RequestContext, context_of
from alonchat_crawl.identity import page_id
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.policies.conditional import ConditionalRequests
from alonchat_crawl.reasons import Reason
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.sources import Ending, Kind, Lease, Link, Source
from alonchat_crawl.spiders.website import WebsiteSpider
from alonchat_crawl.storage.sources import begin_crawl
from tests.support.knowledge import again, make_source, open_pool, rows

FRONT = "https://shop.example/"
URL = "https://shop.example/help"
LINKS = ["https://shop.example/a", "https://elsewhere.example/"]
INSERT = (
    "insert into pages (id, project_id, source_id, url, content_type, content_sha256, embedding_scheme, "
    "etag, last_modified, crawl_id, fetched_at, gone_at, links, read_at, extraction) "
    "values (%s, %s, %s, %s, 'documentation', '', %s, %s, %s, %s, %s, %s, %s, now(), %s) returning id"
)
NOTED = "select crawl_id, gone_at from pages where url = %s"


class Crawling:
    """The middleware and the spider of one worker, in whose database a source's last run left pages."""

    def __init__(self, database_url: str, redis_url: str, source: Source) -> None:
        self.database_url = database_url
        self.last = source
        self.source = again(source)
        ours = {name: value for name, value in vars(settings).items() if name.isupper()}
        servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
        # Without what logs and listens.
        values = ours | servers | {"ADDONS": {}, "EXTENSIONS": {}}
        self.crawler = get_crawler(WebsiteSpider, values)
        self.crawler.spider = self.crawler._create_spider()
        self.spider = self.crawler.spider
        self.middleware = ConditionalRequests.from_crawler(self.crawler)

    def left(self, url: str = URL, **columns: Any) -> None:
        """Put a page there as the last run left it."""
        page = {
            "scheme": scheme(self.crawler.settings),
            "etag": '"1"',
            "last_modified": None,
            "crawl_id": self.last.crawl_id,
            "gone_at": None,
            "links": LINKS,
        } | columns
        owner = page_id(self.source.source_id, url)
        rows(
            self.database_url,
            INSERT,
            *(owner, self.source.project_id, self.source.source_id, url, page["scheme"], page["etag"]),
            *(page["last_modified"], page["crawl_id"], datetime.now(UTC), page["gone_at"], page["links"]),
            EXTRACTION_VERSION,
        )

    def request(self, kind: Kind = Kind.PAGE, attempt: int = 1, depth: int = 0, **context: Any) -> Request:
        """Return a leased request for the page."""
        origins = ("https://shop.example",)
        lease = Lease("1", self.source, origins, "shop.example", URL, kind, depth, attempt)
        return Request(URL, meta=RequestContext(lease, **context).as_meta())

    async def asked(self, request: Request | None = None) -> dict[str, str]:
        """Return the conditions that a request goes out with."""
        request = request or self.request()
        await self.middleware.process_request(request)
        assert bool(request.headers) == (context_of(request).validators is not None)
        return {key.decode(): value.decode("latin-1") for key, [value] in request.headers.items()}

    async def answered(
        self, headers: dict[str, str] | None = None, before: Any = None, **lease: Any
    ) -> list[Any]:
        """Return what the spider makes of a 304 to a conditional request; `before` runs in between."""
        request = self.request(**lease)
        assert await self.asked(request)
        if before is not None:
            rows(self.database_url, before)
        response = Response(URL, status=304, headers=headers or {}, request=request)
        return [output async for output in self.spider.parse(response)]


@pytest.fixture
async def crawling(database_url: str, redis_url: str) -> AsyncIterator[Crawling]:
    """A source whose second run has begun."""
    source = make_source()
    running = Crawling(database_url, redis_url, source)
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, source)
        await begin_crawl(pool, running.source)
    yield running
    await Connections.of(running.crawler).close()


async def test_a_stored_page_is_asked_for_conditionally(crawling: Crawling) -> None:
    """Both validators go out; not for a sitemap, robots.txt or a second attempt."""
    crawling.left(last_modified="Mon, 01 Jun 2026 08:00:00 GMT")
    both = {"If-None-Match": '"1"', "If-Modified-Since": "Mon, 01 Jun 2026 08:00:00 GMT"}
    assert await crawling.asked() == both
    assert await crawling.asked(crawling.request(Kind.START)) == both
    assert await crawling.asked(crawling.request(Kind.SITEMAP)) == {}
    assert await crawling.asked(crawling.request(attempt=2)) == {}
    assert await crawling.asked(crawling.request(is_site_file=True)) == {}
    assert await crawling.asked(Request(URL)) == {}


@pytest.mark.parametrize(
    "columns",
    [
        {"etag": None},
        {"etag": "*"},
        {"links": None},
        {"scheme": "another"},
        {"gone_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"url": "https://shop.example/other"},
    ],
)
async def test_others_are_fetched_in_full(crawling: Crawling, columns: dict[str, Any]) -> None:
    """No conditions without validator or links, for another embedding, a page that is gone or another URL."""
    crawling.left(**columns)
    crawling.left(FRONT)  # so that the run has something to look up
    assert await crawling.asked() == {}


async def test_a_first_crawl_looks_nothing_up(crawling: Crawling, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no earlier run left anything, Postgres is asked once, not once a page."""
    asked = []
    connection = AsyncConnectionPool.connection

    def counted(pool: AsyncConnectionPool, *arguments: Any) -> Any:
        asked.append(pool)
        return connection(pool, *arguments)

    crawling.left(FRONT, crawl_id=crawling.source.crawl_id)
    monkeypatch.setattr(AsyncConnectionPool, "connection", counted)
    for _ in range(5):
        assert await crawling.asked() == {}
    assert len(asked) == 1


async def test_an_unchanged_page_is_noted_and_followed(crawling: Crawling) -> None:
    """A 304 yields the stored links within scope and depth, and then that the page is unchanged."""
    crawling.left()
    unchanged = Ending(Outcome.UNCHANGED, Reason.http(304))
    assert await crawling.answered() == [Link(LINKS[0], Kind.PAGE, 1), unchanged]
    assert rows(crawling.database_url, NOTED, URL) == [(crawling.source.crawl_id, None)]
    assert await crawling.answered(depth=crawling.source.max_depth) == [unchanged]
    assert await crawling.answered({"X-Robots-Tag": "nofollow"}) == [unchanged]
    assert await crawling.answered({"X-Robots-Tag": "otherbot: noindex"}) == [
        Link(LINKS[0], Kind.PAGE, 1),
        unchanged,
    ]
    crawling.source = replace(crawling.source, exclude=("*/a",), include=("https://elsewhere.example/*",))
    assert await crawling.answered() == [Link(LINKS[1], Kind.PAGE, 1), unchanged]


async def test_a_start_page_still_leads_to_its_sitemaps(crawling: Crawling) -> None:
    """Sitemaps are followed whether the start page has changed or not."""
    crawling.left()
    [sitemap, *_] = await crawling.answered(kind=Kind.START, sitemaps=("https://shop.example/map.xml",))
    assert sitemap == Link("https://shop.example/map.xml", Kind.SITEMAP, 0)


async def test_noindex_on_a_304(crawling: Crawling) -> None:
    """A page that must not be stored any more is refused, and not noted as seen: it will be gone."""
    crawling.left()
    link, ending = await crawling.answered({"X-Robots-Tag": "noindex"})
    assert link == Link(LINKS[0], Kind.PAGE, 1)
    assert (ending.outcome, ending.reason) == (Outcome.REFUSED, "noindex")
    assert rows(crawling.database_url, NOTED, URL) == [(crawling.last.crawl_id, None)]


@pytest.mark.parametrize(
    "meanwhile",
    [
        "delete from pages returning id",
        "update pages set etag = '\"2\"' returning id",
        "update pages set etag = null returning id",
        "update pages set embedding_scheme = 'another' returning id",
    ],
)
async def test_a_page_that_was_erased_or_replaced_meanwhile(crawling: Crawling, meanwhile: str) -> None:
    """It is not unchanged, and nothing follows from it: the next attempt asks for the whole page."""
    crawling.left()
    assert await crawling.answered(before=meanwhile) == [Ending(Outcome.RETRY, Reason.STORED_PAGE_CHANGED)]
    assert await crawling.asked(crawling.request(attempt=2)) == {}


async def test_while_postgres_is_away(crawling: Crawling) -> None:
    """The URL is deferred, whether that shows before the request or after its 304; no attempt is counted."""
    crawling.left()
    [ending] = await crawling.answered(before="select 1; alter table pages rename to away")
    assert (ending.outcome, ending.outage) == (Outcome.DEFERRED, True)
    crawling.source = replace(crawling.source, crawl_id=uuid4())
    with pytest.raises(Outage):
        await crawling.asked()
