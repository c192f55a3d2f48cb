"""What travels with a request: one frozen RequestContext under one key of `request.meta`.

Scrapy's own keys (`download_slot`, `download_timeout`, `dont_redirect`, …) are used beside it.

A context never changes: to add a finding, replace it (`set_context`). So a request that Scrapy copies shares
nothing with its copy. Values that belong to one URL or one download are not passed on to a redirect's target:
see `RequestContext.redirected`.

Anything else under the key, such as JSON passed on the command line, is ignored.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

from scrapy import Request
from scrapy.http import Response

from alonchat_crawl.sources import Hold, Lease
from alonchat_crawl.storage.validators import Validators

META_KEY: Final = "alonchat_crawl"


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Why a request is made, what it may do, and what is known about it so far."""

    lease: Lease | None = None
    """The lease of the page that is fetched. None for a request of no source, for instance in a shell."""
    is_site_file: bool = False
    """Whether it fetches robots.txt or another file for robots instead of the lease's page."""
    hold: Hold | None = None
    """Released as soon as the request has left the downloader. None if the caller releases it."""
    valid_until: float = math.inf
    """Monotonic time after which the lease may be another worker's, so that the site must not be asked."""
    signed_url: str = ""
    """A URL in the operator's storage that we signed. Only this URL may be at a private address."""
    throttle_delay_seconds: float | None = None
    """AutoThrottle's delay for the domain that is asked; None if the lease does not say."""

    # Set by the policies before the request is sent.
    crawl_delay_seconds: float = 0.0
    """Crawl-delay of the site's robots.txt; 0 if it has none."""
    sitemaps: tuple[str, ...] = ()
    """Sitemaps of the site's robots.txt, as written there."""
    obeys_tdm: bool = False
    """Whether `tdm_reserved` counts: TDM_RESERVATION is `obey`, and this is a page of a web site."""
    tdm_reserved: bool | None = None
    """Whether the right to mine the page is reserved, as far as is known; None if the site does not say."""
    validators: Validators | None = None
    """Validators of the stored page, if the request is conditional."""

    # Set by the download.
    sent_at: float | None = None
    """Monotonic time at which the request was sent: after DNS, TCP and TLS; after TCP if TLS failed. None if
    there was no connection."""

    def as_meta(self) -> dict[str, Any]:
        """The `meta` of a new request that carries this context."""
        return {META_KEY: self}

    def redirected(self) -> "RequestContext":
        """The context of the request for a redirect's target: without signature, hold and findings."""
        is_throttled = self.lease is not None and self.throttle_delay_seconds is not None
        return RequestContext(
            self.lease,
            is_site_file=self.is_site_file,
            valid_until=self.valid_until,
            throttle_delay_seconds=self.lease.delay_seconds if self.lease and is_throttled else None,
        )


NO_CONTEXT: Final = RequestContext()


def context_of(carrier: Request | Response) -> RequestContext:
    """The context of a request, or of a response's request; an empty one if it has none."""
    found = carrier.meta.get(META_KEY)
    return found if isinstance(found, RequestContext) else NO_CONTEXT


def lease_of(carrier: Request | Response) -> Lease:
    """The lease of a request, or of a response's request. Raises LookupError if there is none."""
    lease = context_of(carrier).lease
    if lease is None:
        raise LookupError(f"{carrier.url} belongs to no source")
    return lease


def set_context(request: Request, context: RequestContext) -> None:
    """Replace a request's context."""
    request.meta[META_KEY] = context
