"""The words for how a URL ends. `worker/acknowledge.py` is the one place that acts on them."""

from enum import StrEnum


class Outcome(StrEnum):
    """How one lease on a URL ended."""

    STORED = "stored"  # its chunks are committed
    UNCHANGED = "unchanged"  # the same text was stored before; only its crawl is noted
    FOLLOWED = "followed"  # nothing to store itself, but it led elsewhere: a redirect, a sitemap
    REFUSED = "refused"  # a policy said no: robots.txt, scope, address, noindex, cap
    RETRY = "retry"  # worth another attempt, later
    DEFERRED = "deferred"  # given back, no attempt counted: not its turn, or our own service is away
    DEAD = "dead"  # given up; kept as a dead letter with its history
