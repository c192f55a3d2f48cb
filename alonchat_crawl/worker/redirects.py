"""Decides whether a redirect is followed. Its target is queued in the frontier as a URL like any other."""

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
    """The link to a redirect's target, or the ending that says why it is not followed."""
    try:
        check_url(request.url)
    except Refused as refused:
        detail = f"{lease.url} redirects to a forbidden URL: {refused.detail}"
        return Ending(Outcome.REFUSED, refused.reason, detail)
    url = canonical_url(request.url)
    free = lease.kind in {Kind.START, Kind.SITEMAP}
    if url is None:
        return Ending(Outcome.REFUSED, Reason.URL, f"{lease.url} redirects to something that is no URL")
    if not (free or in_scope(lease.source, lease.host, url)):
        detail = f"{lease.url} redirects to {request.url}, which is outside the source"
        return Ending(Outcome.REFUSED, Reason.SCOPE, detail)
    if lease.hops >= most_hops:
        detail = f"{lease.url} redirects after {lease.hops} redirects, which is the limit"
        return Ending(Outcome.DEAD, Reason.REDIRECTS, detail)
    return Link(url, lease.kind, lease.depth, lease.hops + 1)


def loop_ending(lease: Lease, target: str) -> Ending:
    """The ending of a URL that redirects to itself, or to a URL that redirected to it."""
    return Ending(Outcome.DEAD, Reason.REDIRECTS, f"{lease.url} redirects to {target}, which led to it")


class RedirectLoops:
    """Finds redirect loops among the redirects that this worker has followed.

    The frontier fetches no URL twice, so without this a loop would end silently, with nothing stored. A loop
    whose redirects were followed by several workers is not noticed.
    """

    def __init__(self) -> None:
        self._led_to: LocalCache[tuple[UUID, str], frozenset[str]] = LocalCache(REDIRECTS_REMEMBERED)
        """For each run and URL, the URLs that redirected to it, directly or not."""

    def closes(self, lease: Lease, target: str) -> bool:
        """Note that a leased URL redirects to `target`; return whether that closes a loop."""
        run = lease.source.crawl_id
        before = self._led_to.pop((run, lease.url), frozenset()) | {lease.url}
        if target in before:
            return True
        self._led_to[run, target] = before
        return False
