"""The spider `website`: turns the responses of a source into pages and links to follow."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import BaseSettings

from alonchat_crawl.control.website_seed import Seed, SeedError, SourceSeed
from alonchat_crawl.errors import GiveUp, ReasonedError, Refused, StartupError
from alonchat_crawl.extract.read_page import ReadPage
from alonchat_crawl.extract.site.links import PageLinks
from alonchat_crawl.extract.site.sitemap import ReadSitemap
from alonchat_crawl.extract.text.media_types import media_type, table_name
from alonchat_crawl.fetch.body_budget import BodyBudget
from alonchat_crawl.fetch.files.upload_urls import UPLOAD, file_name
from alonchat_crawl.fetch.request_context import context_of, lease_of
from alonchat_crawl.frontier.domains import url_domain
from alonchat_crawl.items import Page, SpiderOutput
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.policies.conditional import NOT_MODIFIED
from alonchat_crawl.policies.robots.directives import Directives, directives
from alonchat_crawl.policies.robots.tdm_policy import DETAIL, page_is_reserved
from alonchat_crawl.policies.scan.scanner import check_scanner
from alonchat_crawl.policies.scope import in_scope
from alonchat_crawl.policies.traps.many_urls import Repetition, TrapCounters
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sandbox.pool import Sandbox, typed
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.sources import Ending, Kind, Lease, Link
from alonchat_crawl.spiders.files import listed, page_of, take_in, uploaded
from alonchat_crawl.spiders.provenance import page_provenance
from alonchat_crawl.storage.validators import note_unchanged
from alonchat_crawl.urls import canonical_url
from alonchat_crawl.worker.endings import ending_of

logger = logging.getLogger(__name__)

END_OF_TIME = datetime.max.replace(tzinfo=UTC)


class WebsiteSpider(Spider):
    """With `-a url=` it crawls one source to its end; without arguments it is a worker for all sources."""

    name = "website"

    seed_model: ClassVar[type[SourceSeed]] = Seed
    own_arguments: ClassVar[tuple[str, ...]] = ("url",)
    """The arguments that say what to crawl. If none is given, the process is a worker."""

    def __init__(self, *args: Any, seed: SourceSeed | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seed = seed

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Read the spider arguments; raises StartupError for one that cannot be used."""
        names = dict.fromkeys((*cls.own_arguments, *cls.seed_model.arguments()))
        given = {name: kwargs.pop(name) for name in list(kwargs) if name in names}
        unknown = [name for name in kwargs if not name.startswith("_")]  # scrapyd adds _job
        if unknown:
            known = ", ".join(names)
            raise StartupError(f"-a {unknown[0]}= is not an argument of this spider: it takes {known}.")
        if given and not set(cls.own_arguments) & set(given):
            raise StartupError("Arguments but no url: add -a url=https://…, or give none to run a worker.")
        try:
            seed = cls.seed_of(given, crawler) if given else None
        except SeedError as error:
            raise StartupError(f"{error}.") from None
        if seed is not None and cls.is_scanned(seed, crawler.settings):
            check_scanner(crawler.settings)  # not for a worker: its other sources need none
        return super().from_crawler(crawler, *args, seed=seed, **kwargs)

    @classmethod
    def is_scanned(cls, seed: SourceSeed, settings: BaseSettings) -> bool:
        """Whether all that a seed asks for must be scanned: without a scanner, nothing could be read."""
        pages = settings["VIRUS_SCAN_PAGES"]
        return pages == "all" or (pages == "files" and isinstance(seed, Seed) and seed.files)

    @classmethod
    def seed_of(cls, given: Mapping[str, str], crawler: Crawler) -> SourceSeed:  # noqa: ARG003 - of uploads
        """Build the seed from the spider arguments; raises SeedError or StartupError."""
        return cls.seed_model.of(given)

    async def start(self) -> AsyncIterator[Any]:
        """Yield nothing: URLs come from the frontier."""
        return
        yield

    async def parse(self, response: Response) -> AsyncIterator[SpiderOutput]:
        """Yield the page, the links to follow, and an Ending if there is nothing to store."""
        lease = lease_of(response)
        try:
            async for output in self._outputs(lease, response):
                yield output
        except ReasonedError as error:
            yield ending_of(error)

    def _outputs(self, lease: Lease, response: Response) -> AsyncIterator[SpiderOutput]:
        """Choose the reader by the lease's kind, not by the spider: every worker serves every source."""
        if lease.kind is Kind.START and lease.source.kind == UPLOAD:
            return listed(self.crawler, lease)
        if lease.kind is Kind.SITEMAP:
            return self._sitemap(lease, response)
        return self._document(lease, response)

    async def _document(self, lease: Lease, response: Response) -> AsyncIterator[SpiderOutput]:
        if lease.kind is Kind.START and lease.source.max_depth > 0:
            for url in context_of(response).sitemaps:
                if (sitemap := canonical_url(url)) is not None:
                    yield Link(sitemap, Kind.SITEMAP, lease.depth)
        if response.status == NOT_MODIFIED:
            for found in await self._unchanged(lease, response):
                yield found
            return
        is_file = lease.kind is Kind.FILE
        outputs = uploaded(self.crawler, lease, response) if is_file else self._text(lease, response)
        async for output in outputs:
            yield output

    async def _text(self, lease: Lease, response: Response) -> AsyncIterator[SpiderOutput]:
        header = (response.headers.get("Content-Type") or b"").decode("latin-1")
        kind = media_type(header, response.url, response.body)
        if kind is None and lease.source.files:
            yield await self._file(lease, response)
            return
        if kind is None:
            yield Ending(
                Outcome.REFUSED, Reason.MEDIA_TYPE, f"{header or 'no Content-Type'} is not HTML or text"
            )
            return
        text, found = await self._read(kind, header, response)
        BodyBudget.of(self.crawler).parsed(response)
        repeat = await TrapCounters.of(self.crawler).note(lease, found.fingerprints)
        for output in self._page(lease, response, kind, text, found, repeat):
            yield output

    async def _file(self, lease: Lease, response: Response) -> Page | Ending:
        """Read a file that the site links to; refuse it if its type is not supported. Raises GiveUp."""
        if self._rules(response).noindex:
            return _noindex(response)
        name = file_name(response.url)
        header = (response.headers.get("Content-Type") or b"").decode("latin-1")
        try:
            taken = await take_in(self.crawler, response.body, table_name(header, name))
        except GiveUp as error:
            if error.reason is not Reason.FILE_TYPE:
                raise
            return Ending(Outcome.REFUSED, Reason.MEDIA_TYPE, error.detail)
        if taken.file is None:
            return Ending(
                Outcome.REFUSED, Reason.MEDIA_TYPE, f"{name} is an archive, which only an upload may be"
            )
        BodyBudget.of(self.crawler).parsed(response)
        expires = self._rules(response, now=END_OF_TIME).noindex
        return page_of(taken, name, page_provenance(lease, response, None, validated=not expires))

    async def _read(self, media_type: str, header: str, response: Response) -> tuple[str, PageLinks]:
        page = await Sandbox.of(self.crawler).run(
            "read_page",
            body=response.body,
            media_type=media_type,
            header=header,
            url=response.url,
            max_links=self.settings.getint("MAX_LINKS_PER_PAGE"),
        )
        read: ReadPage = typed(ReadPage, page)
        return read.text, read.found

    async def _read_sitemap(self, response: Response) -> ReadSitemap:
        sitemap = await Sandbox.of(self.crawler).run(
            "read_sitemap",
            body=response.body,
            max_bytes=self.settings.getint("DOWNLOAD_MAXSIZE"),
            max_urls=self.settings.getint("SITEMAP_MAX_URLS"),
        )
        read: ReadSitemap = typed(ReadSitemap, sitemap)
        return read

    def _page(
        self,
        lease: Lease,
        response: Response,
        media_type: str,
        text: str,
        found: PageLinks,
        repeat: Repetition,
    ) -> Iterable[SpiderOutput]:
        if found.left_out:
            logger.info("%s: %d links over MAX_LINKS_PER_PAGE are not followed", lease.url, found.left_out)
        rules = self._rules(response, found.meta_robots)
        if page_is_reserved(context_of(response), found.meta_robots, noai=rules.noai):
            yield ending_of(Refused(Reason.TDM, DETAIL))
            return
        links = () if rules.nofollow or repeat.reason else found.links
        yield from _follow(lease, links)
        if repeat.reason:
            logger.info("The links of %s are not followed: %s", lease.url, repeat.reason)
        if not repeat.stored:
            yield Ending(Outcome.REFUSED, repeat.reason, f"many pages have the same text as {lease.url}")
            return
        if rules.noindex:
            yield _noindex(response)
            return
        # A page with `unavailable_after` is stored without validators: the next crawl must read its rules
        # again, even if the page has not changed.
        expires = self._rules(response, found.meta_robots, END_OF_TIME).noindex
        provenance = page_provenance(lease, response, found.canonical, validated=not expires)
        yield Page(provenance, media_type, text, links)

    async def _unchanged(self, lease: Lease, response: Response) -> list[Link | Ending]:
        """Note the visit, then follow the stored page's links, under the robots rules sent with the 304.

        Uploads ignore those rules: some object storage sends `noindex` with every file.
        """
        stored = context_of(response).validators
        assert stored is not None  # noqa: S101 - no other 304 passes StatusPolicy
        rules = (
            self._rules(response)
            if lease.kind is not Kind.FILE
            else Directives(noindex=False, nofollow=False)
        )
        follow = [] if rules.nofollow else list(_follow(lease, stored.links))
        if rules.noindex:
            return [*follow, _noindex(response)]
        try:
            pool = await Connections.of(self.crawler).postgres()
            noted = await note_unchanged(pool, stored, lease.source.crawl_id, datetime.now(UTC))
        except ReasonedError as error:
            return [ending_of(error)]
        await TrapCounters.of(self.crawler).note(lease)
        if not noted:  # erased or replaced since the look-up: the next attempt sends no validators
            return [Ending(Outcome.RETRY, Reason.STORED_PAGE_CHANGED)]
        return [*follow, Ending(Outcome.UNCHANGED, Reason.http(NOT_MODIFIED))]

    def _rules(
        self, response: Response, meta: Iterable[tuple[str, str]] = (), now: datetime | None = None
    ) -> Directives:
        tags = [value.decode("latin-1") for value in response.headers.getlist("X-Robots-Tag")]
        return directives(meta, tags, self.settings["USER_AGENT"], now)

    async def _sitemap(self, lease: Lease, response: Response) -> AsyncIterator[SpiderOutput]:
        """Follow a sitemap's pages or, for an index, its sitemaps."""
        await TrapCounters.of(self.crawler).note(lease)
        try:
            sitemap = await self._read_sitemap(response)
            if sitemap.is_index and lease.hops >= self.settings.getint("SITEMAP_MAX_INDEXES"):
                raise GiveUp(Reason.SITEMAP, f"{response.url} is an index below {lease.hops} others")
        except ReasonedError as error:
            yield ending_of(error)
            return
        # Matches every URL against every pattern of the source: too slow for the event loop.
        for link in await asyncio.to_thread(_sitemap_links, lease, sitemap):
            yield link


def _follow(lease: Lease, urls: Iterable[str]) -> Iterable[Link]:
    if lease.depth < lease.source.max_depth:
        for url in urls:
            if in_scope(lease.source, lease.host, url):
                yield Link(url, Kind.PAGE, lease.depth + 1)


def _noindex(response: Response) -> Ending:
    return Ending(Outcome.REFUSED, Reason.NOINDEX, f"{response.url} asks not to be indexed")


def _sitemap_links(lease: Lease, sitemap: ReadSitemap) -> list[Link]:
    if sitemap.is_index:  # sitemaps.org: an index may only list sitemaps of its own site
        own = (url for url in sitemap.urls if url_domain(url) == lease.domain)
        return [Link(url, Kind.SITEMAP, lease.depth, lease.hops + 1) for url in own]
    found = (url for url in sitemap.urls if in_scope(lease.source, lease.host, url))
    return [Link(url, Kind.PAGE, lease.depth + 1) for url in found]
