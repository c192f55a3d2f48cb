"""A source, a URL leased from it, how the lease ended, and how far the source is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason

PAGES_MOST = 1_000_000_000
DEPTH_MOST = 1_000_000
"""Nobody needs more: a larger number is a mistake, or somebody else wrote it."""


@dataclass(frozen=True, slots=True)
class Source:
    """One run of one source: all that a worker must know to fetch its URLs."""

    source_id: UUID
    project_id: UUID
    crawl_id: UUID
    """New with every run; pages not seen by the last run are gone."""
    url: str
    """Where it starts; canonical."""
    project_name: str
    max_pages: int
    """Pages stored or found unchanged."""
    max_depth: int
    """Links followed from `url`; 0 fetches it alone."""
    include: tuple[str, ...] = ()
    """Globs (`*`, `?`, `[…]`) for the whole URL. A URL that matches one is in scope, on any host."""
    exclude: tuple[str, ...] = ()
    """Globs for the whole URL. A URL that matches one is out of scope, whatever `include` says."""
    path_prefix: str = "/"
    """On the source's own host only paths below it are in scope."""
    priority: int = 5
    """Its share of the turns among all that wait, 1 to 10: with 10 it gets twice as many as with 5."""
    files: bool = False
    """Whether files that a web site links to are taken in too."""
    kind: str = "website"
    """`website` or `upload`."""


class Kind(IntEnum):
    """What a URL is fetched for. The frontier stores the number, so a number is never used again."""

    START = 0
    PAGE = 1
    SITEMAP = 2
    FILE = 3


@dataclass(frozen=True, slots=True)
class Link:
    """A URL to add to a source."""

    url: str
    kind: Kind
    depth: int
    hops: int = 0
    """Redirects followed to it, or sitemap indexes above it; `depth` does not bound these."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's claim on one URL, for a limited time."""

    id: str
    """Never used again. Settling it twice does nothing more."""
    source: Source
    origins: tuple[str, ...]
    """The source's own (`https://example.com`), latest last: where its start URL was redirected to."""
    domain: str
    """The registrable domain (or address) whose pace the fetch counts against."""
    url: str
    kind: Kind
    depth: int
    attempt: int
    """1 for the first."""
    hops: int = 0
    """As its Link's."""
    delay_seconds: float = 0.0
    """AutoThrottle's delay for the domain, over all workers; 0 while it has none."""
    shard: int = 0
    """The frontier's shard that it was taken from."""

    @property
    def host(self) -> str:
        """The source's own host and port, as its start URL ended up after redirects."""
        return self.origins[-1].partition("://")[2]


@dataclass(frozen=True, slots=True)
class Hold:
    """The right to make the one request that may be in flight to a domain, over all workers."""

    id: str
    """A lease's, or one derived from it."""
    domain: str
    site: str = ""
    """The registrable domain that is asked, if `domain` is an address that sites share."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a lease ended."""

    outcome: Outcome
    reason: Reason = Reason.NONE
    detail: str = ""
    """One sentence for people, without secrets; empty if the reason says it all, or nothing is wrong."""
    wait_seconds: float = 0.0
    """For RETRY and DEFERRED: the least time to wait. A URL deferred for 0 s is the next of its queue."""
    rests: bool = False
    """For DEFERRED: the source's other URLs of that domain would end the same way, so they wait as well."""
    outage: bool = False
    """For DEFERRED: a service of our own is away, so no other URL would end better."""


@dataclass(frozen=True, slots=True)
class SourceProgress:
    """A source as the frontier sees it now, over all workers."""

    source: Source
    state: str
    """`opening`, `running`, `paused`, `completed` or `cancelled`."""
    pending: int
    """URLs not yet ended, leased ones included."""
    leased: int
    counts: Mapping[str, int] = field(default_factory=dict)
    """By outcome: stored, unchanged, followed, refused, retry, dead."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """By `outcome:reason`, for instance `refused:robots`; another version's reasons may be among them."""
    first_failure: str = ""
    """One sentence on why the start URL did not end as stored; empty if it did."""
    ends: str = ""
    """Why no more of it is fetched, a reason: MAX_PAGES or CANCELLED; empty while more is."""
    started_at: datetime | None = None

    @property
    def pages(self) -> int:
        """Pages that are in the store after this crawl."""
        return self.counts.get("stored", 0) + self.counts.get("unchanged", 0)
