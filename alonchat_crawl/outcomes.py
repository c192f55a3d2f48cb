"""The words for how a URL ends. `worker/acknowledge.py` is the one place that acts on them."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How one lease on a URL ended."""

    STORED = "stored"  # its chunks are committed
    UNCHANGED = "unchanged"  # the same text was stored before; only its crawl is noted
    FOLLOWED = "followed"  # nothing to store itself, but it led elsewhere: a redirect, a sitemap
    REFUSED = "refused"  # a policy said no: robots.txt, scope, address, noindex, cap
    RETRY = "retry"  # worth another attempt, later
    DEFERRED = (
        "deferred"  # given back with no attempt counted: robots.txt came first, or our own service is away
    )
    DEAD = "dead"  # given up; kept as a dead letter with its history


@dataclass(frozen=True, slots=True)
class Ending:
    """An outcome with its reason."""

    outcome: Outcome
    reason: str = ""
    """A short bounded word such as `robots`, `http 404` or `timeout`: it becomes a metric's label."""
    detail: str = ""
    """One sentence for people, without secrets; empty where the reason says it all, or nothing is wrong."""
    wait_seconds: float = 0.0
    """For RETRY and DEFERRED: the least time to wait. A URL deferred for 0 s is the next of its queue."""
    rests: bool = False
    """For DEFERRED: the source's other URLs of that domain would fare the same, and wait as well."""
    outage: bool = False
    """For DEFERRED: a service of our own is away, so no other URL would fare better."""


GONE_REASONS = frozenset({"http 404", "http 410"})
"""The site says that the page is no more (RFC 9110, sections 15.5.5 and 15.5.11)."""
