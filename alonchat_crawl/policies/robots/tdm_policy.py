"""If TDM_RESERVATION is `obey`: refuses pages whose owner reserves the right to mine text and data.

The right is that of EU directive 2019/790, article 4.

There are three steps (TDM Reservation Protocol, "Processing priority"): the site's file, the response's
header, the meta tags of an HTML page. A later step overrides an earlier one, unless it says nothing. So a
page must be fetched before it can be refused. `noai` among the robots rules, though not standard, reserves as
well.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import Response

from alonchat_crawl.errors import Refused, Retry
from alonchat_crawl.extract.text.media_types import HTML, media_type
from alonchat_crawl.fetch.request_context import RequestContext, context_of, lease_of, set_context
from alonchat_crawl.policies.conditional import NOT_MODIFIED
from alonchat_crawl.policies.robots.cache import SiteFileKind
from alonchat_crawl.policies.robots.directives import directives
from alonchat_crawl.policies.robots.policy import robots_file
from alonchat_crawl.policies.robots.robots_txt import Permissions
from alonchat_crawl.policies.robots.site_files import SiteFiles, is_exempt
from alonchat_crawl.policies.robots.tdm_file import Reservations, condensed, reservation
from alonchat_crawl.reasons import Reason
from alonchat_crawl.redis_keys import TDM_FILE as TDM_FILE_KEY
from alonchat_crawl.sources import Kind

NAME = "tdm-reservation"
DETAIL = "the right to mine it is reserved (TDM_RESERVATION=obey)"

TDM_FILE = SiteFileKind(
    reason=Reason.TDM,
    key=lambda origin: TDM_FILE_KEY.of(origin=origin),
    path="/.well-known/tdmrep.json",
    condense=condensed,
    parse=Reservations,
)


def after_step(before: bool | None, values: Iterable[str]) -> bool | None:  # noqa: FBT001 - what is said of a page
    """Whether a page is reserved after a step with `values`. If these contradict each other, it is."""
    said = {value for text in values if (value := reservation(text)) is not None}
    return (True in said) if said else before


def page_is_reserved(context: RequestContext, tags: Iterable[tuple[str, str]], *, noai: bool) -> bool:
    """Whether an HTML page must not be mined, by its request's context and its (name, content) meta tags.

    `noai` is `Directives.noai` of the page.
    """
    if not context.obeys_tdm:
        return False
    named = (content for name, content in tags if name.strip().lower() == NAME)
    return noai or after_step(context.tdm_reserved, named) is True


class TdmPolicy:
    """Downloader middleware: refuses reserved responses. For HTML, the spider decides by its meta tags."""

    def __init__(
        self, files: SiteFiles, robots: SiteFileKind[Permissions], agent: str, *, obey: bool
    ) -> None:
        if not obey:
            raise NotConfigured
        self._files = files
        self._robots = robots
        self._agent = agent

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read TDM_RESERVATION and the user agent."""
        settings = crawler.settings
        obey = settings["TDM_RESERVATION"] == "obey"
        return cls(SiteFiles.of(crawler), robots_file(settings), settings["USER_AGENT"], obey=obey)

    async def process_request(self, request: Request) -> None:
        """Note what the site's file says about the URL. Raises Deferred if the file had to be fetched.

        By the protocol, a file that is unreachable, or that robots.txt forbids, counts as absent.
        """
        if is_exempt(request):
            return
        robots = await self._files.known(self._robots, request)
        reserved = None
        if robots.rules.allows(f"http://host{TDM_FILE.path}"):
            reserved = (await self._files.known(TDM_FILE, request)).rules.of(request.url)
        set_context(request, replace(context_of(request), obeys_tdm=True, tdm_reserved=reserved))

    def process_response(self, request: Request, response: Response) -> Response:
        """Refuse a response that its header reserves, or the site's file if the header says nothing.

        HTML passes, since its meta tags may override both. For the same reason, an unchanged page (304)
        raises Retry, so that the whole page is fetched.
        """
        context = context_of(request)
        if not context.obeys_tdm or context.is_site_file:
            return response
        values = [value.decode("latin-1") for value in response.headers.getlist(NAME)]
        reserved = after_step(context.tdm_reserved, values)
        set_context(request, replace(context, tdm_reserved=reserved))
        tags = (value.decode("latin-1") for value in response.headers.getlist("X-Robots-Tag"))
        if not (reserved or directives((), tags, self._agent).noai):
            return response
        if response.status == NOT_MODIFIED:
            raise Retry(Reason.TDM, DETAIL)
        header = (response.headers.get("Content-Type") or b"").decode("latin-1")
        kind = media_type(header, response.url, response.body)
        if lease_of(request).kind is Kind.SITEMAP or kind != HTML:
            raise Refused(Reason.TDM, DETAIL)
        return response
