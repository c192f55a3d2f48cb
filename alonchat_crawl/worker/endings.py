"""The only table of which outcome an exception means. Pure."""

import random
from dataclasses import replace

from redis.exceptions import RedisError, ResponseError
from scrapy import exceptions as scrapy_errors
from scrapy.exceptions import DropItem, IgnoreRequest
from twisted.internet import error as twisted_errors
from twisted.web.client import ResponseFailed

from alonchat_crawl.errors import Deferred, Outage, ReasonedError, Refused, Retry, Unchanged
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending, Kind, Lease

OUTAGE_SECONDS = 5.0
"""Wait before a URL is tried again after Redis, Postgres or the scanner was away."""

NETWORK_REASONS: tuple[tuple[type[BaseException], Reason, str], ...] = (
    (scrapy_errors.CannotResolveHostError, Reason.DNS, "its host name could not be resolved"),
    (scrapy_errors.DownloadTimeoutError, Reason.TIMEOUT, "it did not answer in time"),
    (scrapy_errors.DownloadConnectionRefusedError, Reason.CONNECTION_REFUSED, "it refused the connection"),
    (scrapy_errors.ResponseDataLossError, Reason.DATA_LOSS, "its response broke off"),
    (scrapy_errors.DownloadFailedError, Reason.CONNECTION, "the connection failed"),
    (twisted_errors.ConnectionLost, Reason.CONNECTION, "the connection was lost"),
    (twisted_errors.ConnectionDone, Reason.CONNECTION, "the connection was closed"),
    (twisted_errors.ConnectError, Reason.CONNECTION, "the connection failed"),
    (ResponseFailed, Reason.CONNECTION, "the connection failed"),
    (OSError, Reason.CONNECTION, "the connection failed"),
)
"""Temporary network faults: (class, reason, detail). The first match counts."""


def ending_of(error: BaseException) -> Ending:
    """The ending that an error of any stage means. An unknown error is final."""
    match error:
        case ReasonedError():
            return _reasoned(error)
        case Unchanged():
            return Ending(Outcome.UNCHANGED)
        case ResponseError() if str(error).startswith("WRONGTYPE"):
            return Ending(
                Outcome.RETRY,
                Reason.REDIS_ENTRY,
                "something else wrote into a Redis key that this page needs",
            )
        case RedisError():
            return Ending(
                Outcome.DEFERRED, Reason.REDIS, "Redis does not answer", OUTAGE_SECONDS, outage=True
            )
        case scrapy_errors.DownloadCancelledError():
            return Ending(Outcome.REFUSED, Reason.TOO_LARGE, "its response is larger than DOWNLOAD_MAXSIZE")
        case DropItem() | IgnoreRequest():
            return Ending(Outcome.REFUSED, Reason.DROPPED, str(error))
    for kind, reason, detail in NETWORK_REASONS:
        if isinstance(error, kind):
            return Ending(Outcome.RETRY, reason, detail)
    return Ending(Outcome.DEAD, Reason.ERROR, f"{type(error).__name__}: {error}"[:500])


def _reasoned(error: ReasonedError) -> Ending:
    match error:
        case Refused():
            return Ending(Outcome.REFUSED, error.reason, error.detail)
        case Outage():
            return Ending(Outcome.DEFERRED, error.reason, error.detail, OUTAGE_SECONDS, outage=True)
        case Deferred():
            rests = error.wait_seconds > 0 and not error.alone
            return Ending(Outcome.DEFERRED, error.reason, error.detail, error.wait_seconds, rests=rests)
        case Retry():
            return Ending(Outcome.RETRY, error.reason, error.detail, error.wait_seconds)
        case _:
            return Ending(Outcome.DEAD, error.reason, error.detail)


def final_if_waited_for(lease: Lease, ending: Ending) -> Ending:
    """In a terminal, give up at once if the start URL itself fails, so that the user sees why.

    Outages, and sites that ask us to come back later, are still waited for.
    """
    comes_back = ending.outcome is Outcome.DEFERRED and ending.wait_seconds > 0
    if ending.outage or comes_back or lease.kind is not Kind.START or not ending.detail:
        return ending
    if ending.outcome not in {Outcome.RETRY, Outcome.DEFERRED}:
        return ending
    return Ending(Outcome.DEAD, ending.reason, f"{lease.url} cannot be crawled: {ending.detail}")


def final_if_last(lease: Lease, ending: Ending, max_attempts: int) -> Ending:
    """Name the last attempt's retry `dead`, as the frontier settles it, for logs, metrics and summaries."""
    if ending.outcome is not Outcome.RETRY or lease.attempt < max_attempts:
        return ending
    return replace(ending, outcome=Outcome.DEAD, wait_seconds=0.0)


def with_backoff(lease: Lease, ending: Ending, base_seconds: float, most_seconds: float) -> Ending:
    """Add the backoff of the lease's attempt to a retry's ending."""
    wait = backoff_seconds(lease.attempt, base_seconds, most_seconds)
    return replace(ending, wait_seconds=max(wait, ending.wait_seconds))


def backoff_seconds(attempt: int, base_seconds: float, most_seconds: float) -> float:
    """The wait after failed attempt number `attempt` (from 1): base × 2^(attempt-1), plus up to 25 % jitter.

    The jitter keeps URLs that failed together from being retried together.
    """
    wait = base_seconds * 2.0 ** (attempt - 1)
    return min(most_seconds, wait * random.uniform(1.0, 1.25))  # noqa: S311 - not a secret
