"""How a URL can end. `worker/acknowledge.py` is the one place that acts on it."""

from enum import StrEnum


class Outcome(StrEnum):
    """How one lease on a URL ended."""

    STORED = "stored"  # its chunks are committed
    UNCHANGED = "unchanged"  # the same text is stored already; it is noted as seen
    FOLLOWED = "followed"  # not stored itself, but it led to other URLs: a redirect, a sitemap
    REFUSED = "refused"  # a policy said no: robots.txt, scope, address, noindex, cap
    RETRY = "retry"  # worth another attempt, later
    DEFERRED = "deferred"  # given back, no attempt counted: it is not its turn, or our own service is away
    DEAD = "dead"  # given up; kept as a dead letter with its history
