"""Where a redirect leads: a URL of its own in the frontier, or nowhere."""

from scrapy import Request

from alonchat_crawl.errors import Refused
from alonchat_crawl.fetch.address_rules import check_url
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.policies.scope import in_scope
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending, Kind, Lease, Link
from alonchat_crawl.urls import canonical_url


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
