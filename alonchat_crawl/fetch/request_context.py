"""What travels with a request: one frozen RequestContext under one key of `request.meta`.

Scrapy's own keys (`download_slot`, `download_timeout`, `dont_redirect`, …) stay what Scrapy reads.

The context never changes: whoever learns something puts another one in its place (`set_context`). So a
request that Scrapy copied shares nothing with the one that it was copied from. What belongs to one URL or one
download alone does not survive a redirect at all: see `RequestContext.redirected`.

Only this program can make a context. What else stands under the key, such as JSON that somebody passed on the
command line, is ignored.
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
    """The claim on the page that is asked for. None for a request of no source, for instance in a shell."""
    is_site_file: bool = False
    """It asks for robots.txt or another file that a site keeps for robots, in place of the lease's page."""
    hold: Hold | None = None
    """Released as soon as the request has left the site. None if whoever asks releases it."""
    valid_until: float = math.inf
    """Monotonic seconds: after them the lease may be another worker's, and the site must not be asked."""
    signed_url: str = ""
    """The URL in the operator's own storage that we signed: for it alone a private address may be dialled."""
    throttle_delay_seconds: float | None = None
    """AutoThrottle's delay for the domain that is asked; None if the lease says nothing about that domain."""

    # What the policies found out before the request was sent.
    crawl_delay_seconds: float = 0.0
    """By the site's robots.txt; 0 if it asks for none."""
    sitemaps: tuple[str, ...] = ()
    """By the site's robots.txt, as written there."""
    obeys_tdm: bool = False
    """Whether `tdm_reserved` counts: TDM_RESERVATION is `obey`, and this is a page of a web site."""
    tdm_reserved: bool | None = None
    """Whether the right to mine the page is reserved, as far as is known; None if nobody has said."""
    validators: Validators | None = None
    """Of the stored page, if the request asks for the page only if it has changed."""

    # What the download noted.
    sent_at: float | None = None
    """Monotonic seconds at which the request left: after DNS, TCP and TLS; after TCP if TLS failed. None if
    there was no connection."""

    def as_meta(self) -> dict[str, Any]:
        """The `meta` of a new request that carries this context."""
        return {META_KEY: self}

    def redirected(self) -> "RequestContext":
        """What the request for a redirect's target takes along: neither signature nor hold nor findings."""
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
    """The lease of a request that is made for a page of a source. Raises LookupError if there is none."""
    lease = context_of(carrier).lease
    if lease is None:
        raise LookupError(f"{carrier.url} belongs to no source")
    return lease


def set_context(request: Request, context: RequestContext) -> None:
    """Let a request carry this context from now on."""
    request.meta[META_KEY] = context
