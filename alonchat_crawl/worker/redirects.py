"""Where a redirect leads: to a URL of its own in the frontier, or nowhere."""

from uuid import UUID

from scrapy import Request
from scrapy.utils.datatypes import LocalCache

from alonchat_crawl.errors import Refused
from alonchat_crawl.fetch.address_rules import check_url
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.policies.scope import in_scope
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending, Kind, Lease, Link
from alonchat_crawl.urls import canonical_url

REDIRECTS_REMEMBERED = 10_000


def redirected(lease: Lease, request: Request, most_hops: int) -> Link | Ending:
    """The link that stands for a redirect's target, or why it is not followed."""
    try:
        check_url(request.url)
    except Refused as refused:
        detail = f"{lease.url} redirects where nobody is sent: {refused.detail}"
        return Ending(Outcome.REFUSED, refused.reason, detail)
    url = canonical_url(request.url)
    free = lease.kind in {Kind.START, Kind.SITEMAP}
    if url is None:
        return Ending(Outcome.REFUSED, Reason.URL, f"{lease.url} redirects to no URL that can be asked")
    if not (free or in_scope(lease.source, lease.host, url)):
        detail = f"{lease.url} redirects to {request.url}, which is outside the source"
        return Ending(Outcome.REFUSED, Reason.SCOPE, detail)
    if lease.hops >= most_hops:
        detail = f"{lease.url} is the end of {lease.hops} redirects, and redirects again"
        return Ending(Outcome.DEAD, Reason.REDIRECTS, detail)
    return Link(url, lease.kind, lease.depth, lease.hops + 1)


def loop_ending(lease: Lease, target: str) -> Ending:
    """How a URL ends that redirects to one which led to it, or to itself."""
    return Ending(Outcome.DEAD, Reason.REDIRECTS, f"{lease.url} redirects to {target}, which led to it")


class RedirectLoops:
    """Finds redirects that lead back to where they began, as far as this worker has followed them.

    The frontier fetches no URL twice, so a loop would end unnoticed, with nothing stored. One whose redirects
    several workers have followed still does.
    """

    def __init__(self) -> None:
        self._led_to: LocalCache[tuple[UUID, str], frozenset[str]] = LocalCache(REDIRECTS_REMEMBERED)
        """By run and URL: those that redirected to it, directly or not."""

    def closes(self, lease: Lease, target: str) -> bool:
        """Note that a leased URL redirects to another; return whether that closes a loop."""
        run = lease.source.crawl_id
        before = self._led_to.pop((run, lease.url), frozenset()) | {lease.url}
        if target in before:
            return True
        self._led_to[run, target] = before
        return False
