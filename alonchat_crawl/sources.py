"""A source, a URL leased from it, and how far it is: what the frontier, the policies and storage share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


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
    """Globs (`*`, `?`, `[…]`) for the whole URL: what one matches is in scope on any host."""
    exclude: tuple[str, ...] = ()
    """Globs for the whole URL: what one matches is out of scope, whatever `include` says."""
    path_prefix: str = "/"
    """Only paths below it are in scope on the source's own host."""


class Kind(StrEnum):
    """What a URL is fetched for."""

    START = "start"
    PAGE = "page"
    SITEMAP = "sitemap"


@dataclass(frozen=True, slots=True)
class Link:
    """A URL to add to a source."""

    url: str
    kind: Kind
    depth: int
    hops: int = 0
    """Redirects followed to it, or sitemap indexes opened above it: what depth does not bound."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's time-limited claim on one URL."""

    id: str
    """Unique for ever; settling under it twice does nothing."""
    source: Source
    host: str
    """The source's own host and port, as its start URL ended up after redirects."""
    domain: str
    """The registrable domain (or address) whose pace the fetch counts against."""
    url: str
    kind: Kind
    depth: int
    attempt: int
    """1 for the first."""
    hops: int = 0
    """As its Link's."""


@dataclass(frozen=True, slots=True)
class SourceProgress:
    """A source as the frontier sees it now, over all workers."""

    source: Source
    state: str
    """`running` or `completed`."""
    pending: int
    """URLs not yet ended, leased ones included."""
    leased: int
    counts: Mapping[str, int] = field(default_factory=dict)
    """By outcome: stored, unchanged, followed, refused, retry, dead."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """By `outcome:reason`, for instance `refused:robots`."""
    first_failure: str = ""
    """One sentence on why the start URL did not end as stored; empty where it did."""
