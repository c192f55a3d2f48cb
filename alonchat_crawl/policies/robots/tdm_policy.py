"""Reserved rights to mine text and data (EU directive 2019/790, article 4), where TDM_RESERVATION is `obey`.

Three steps (TDM Reservation Protocol, "Processing priority"): the site's file, the response's header, and an
HTML page's meta tags. A later step overrides an earlier one, unless it says nothing. So a page is fetched
before it can be refused. `noai` among the robots rules, which no standard knows, reserves as well.
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
    """Whether a page is reserved after a step that says `values`; if those contradict each other, it is."""
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
    """Downloader middleware: refuses what is reserved. Of HTML, the spider decides by its meta tags."""

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
        """Take TDM_RESERVATION and the agent from settings."""
        settings = crawler.settings
        obey = settings["TDM_RESERVATION"] == "obey"
        return cls(SiteFiles.of(crawler), robots_file(settings), settings["USER_AGENT"], obey=obey)

    async def process_request(self, request: Request) -> None:
        """Note what the site's file says of the URL. Raises Deferred when the file had to be fetched.

        As the protocol says, a file that is unreachable, or forbidden by robots.txt, counts as absent.
        """
        if is_exempt(request):
            return
        robots = await self._files.known(self._robots, request)
        reserved = None
        if robots.rules.allows(f"http://host{TDM_FILE.path}"):
            reserved = (await self._files.known(TDM_FILE, request)).rules.of(request.url)
        set_context(request, replace(context_of(request), obeys_tdm=True, tdm_reserved=reserved))

    def process_response(self, request: Request, response: Response) -> Response:
        """Refuse what the header reserves, or the file if the header says nothing; but not yet HTML.

        Raises Retry if an unchanged page (304) is reserved: only its meta tags could say that it is not.
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
