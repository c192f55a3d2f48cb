"""Reserved rights to mine text and data (EU directive 2019/790, article 4), where TDM_RESERVATION is `obey`.

The protocol's three steps (TDM Reservation Protocol, "Processing priority"): the site's file, then the
response's header, then an HTML page's meta tags; each outdoes the one before, and one that says nothing
changes nothing. So a page is fetched to know. `noai` among robots rules, in no standard, reserves as well.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import Response

from alonchat_crawl.errors import Refused, Retry
from alonchat_crawl.extract.text.media_types import media_type
from alonchat_crawl.fetch.request_context import RequestContext, context_of, lease_of, set_context
from alonchat_crawl.policies.conditional import NOT_MODIFIED
from alonchat_crawl.policies.robots.cache import SiteFile
from alonchat_crawl.policies.robots.directives import directives
from alonchat_crawl.policies.robots.policy import robots_file
from alonchat_crawl.policies.robots.robots_txt import Permissions
from alonchat_crawl.policies.robots.site_files import SiteFiles, is_exempt
from alonchat_crawl.policies.robots.tdm_file import Reservations, essence, reservation
from alonchat_crawl.sources import Kind

NAME = "tdm-reservation"
REASON, DETAIL = "tdm", "the right to mine it is reserved (TDM_RESERVATION=obey)"

TDM_FILE = SiteFile(
    name="tdm", key="tdm", path="/.well-known/tdmrep.json", essence=essence, meaning=Reservations
)


def outdone(before: bool | None, values: Iterable[str]) -> bool | None:  # noqa: FBT001 - what is said of a page
    """What holds after a step that says `values`; where it contradicts itself, that it is reserved."""
    said = {value for text in values if (value := reservation(text)) is not None}
    return (True in said) if said else before


def page_is_reserved(context: RequestContext, tags: Iterable[tuple[str, str]], *, noai: bool) -> bool:
    """Whether an HTML page must not be mined, by its request's context and its (name, content) meta tags.

    `noai` is that of its Directives.
    """
    if not context.obeys_tdm:
        return False
    named = (content for name, content in tags if name.strip().lower() == NAME)
    return noai or outdone(context.tdm_reserved, named) is True


class RightsPolicy:
    """Downloader middleware: refuses what is reserved; of HTML the spider decides, by its meta tags."""

    def __init__(self, files: SiteFiles, robots: SiteFile[Permissions], agent: str, *, obey: bool) -> None:
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
        """Note what the site's file says of the URL; Deferred while the file is fetched.

        A file that cannot be had, or that robots.txt keeps from us, is none: so the protocol wants it.
        """
        if is_exempt(request):
            return
        robots = await self._files.known(self._robots, request)
        reserved = None
        if robots.meaning.allows(f"http://host{TDM_FILE.path}"):
            reserved = (await self._files.known(TDM_FILE, request)).meaning.of(request.url)
        set_context(request, replace(context_of(request), obeys_tdm=True, tdm_reserved=reserved))

    def process_response(self, request: Request, response: Response) -> Response:
        """Refuse what the header reserves, or the file where the header says nothing, but not yet HTML.

        Raises Retry where an unchanged page is reserved: only the page itself can say that it is not.
        """
        context = context_of(request)
        if not context.obeys_tdm or context.is_site_file:
            return response
        values = [value.decode("latin-1") for value in response.headers.getlist(NAME)]
        reserved = outdone(context.tdm_reserved, values)
        set_context(request, replace(context, tdm_reserved=reserved))
        tags = (value.decode("latin-1") for value in response.headers.getlist("X-Robots-Tag"))
        if not (reserved or directives((), tags, self._agent).noai):
            return response
        if response.status == NOT_MODIFIED:
            raise Retry(REASON, DETAIL)
        header = (response.headers.get("Content-Type") or b"").decode("latin-1")
        kind = media_type(header, response.url, response.body)
        if lease_of(request).kind is Kind.SITEMAP or kind != "text/html":
            raise Refused(REASON, DETAIL)
        return response
