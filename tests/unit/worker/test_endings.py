"""What each error means for a URL."""

import pytest
from redis.exceptions import RedisError
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadTimeoutError,
    DropItem,
    IgnoreRequest,
)
from twisted.internet.error import ConnectionLost

from alonchat_crawl.errors import Deferred, GiveUp, Outage, Refused, Retry, Unchanged
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending, Kind, Lease
from alonchat_crawl.worker.endings import backoff_seconds, ending_of, final_if_last
from tests.support.knowledge import make_source


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (Unchanged("same"), Outcome.UNCHANGED, ""),
        (Refused(Reason.ROBOTS), Outcome.REFUSED, "robots"),
        (GiveUp(Reason.http(404)), Outcome.DEAD, "http 404"),
        (CannotResolveHostError("x"), Outcome.RETRY, "dns"),
        (DownloadTimeoutError(), Outcome.RETRY, "timeout"),
        (ConnectionLost(), Outcome.RETRY, "connection"),
        (ConnectionResetError(), Outcome.RETRY, "connection"),
        (DownloadCancelledError(), Outcome.REFUSED, "too large"),
        (IgnoreRequest(), Outcome.REFUSED, "dropped"),
        (DropItem("x"), Outcome.REFUSED, "dropped"),
        (ValueError("a bug"), Outcome.DEAD, "error"),
    ],
)
def test_endings(error: Exception, outcome: Outcome, reason: str) -> None:
    """Passing faults are tried again, policies refuse, and what nobody foresaw is final."""
    ending = ending_of(error)
    assert (ending.outcome, ending.reason) == (outcome, reason)


def test_a_retry_keeps_what_the_site_asked_for() -> None:
    """Retry-After passes through to the ending."""
    assert ending_of(Retry(Reason.http(429), "busy", 30.0)) == Ending(
        Outcome.RETRY, Reason.http(429), "busy", 30.0
    )


@pytest.mark.parametrize("error", [Outage(Reason.POSTGRES), RedisError("gone")])
def test_our_own_outages_are_nobodys_fault(error: Exception) -> None:
    """Where a service of ours is away, the page is put off and the attempt does not count."""
    ending = ending_of(error)
    assert ending.outcome is Outcome.DEFERRED
    assert ending.outage
    assert not ending_of(Deferred(Reason.ROBOTS)).outage


@pytest.mark.parametrize("attempt", [1, 2, 3, 4])
def test_backoff(attempt: int) -> None:
    """A retry waits base × 2^(attempt-1), up to a quarter more, never beyond the most."""
    base = 2.0 * 2 ** (attempt - 1)
    assert all(base <= backoff_seconds(attempt, 2.0, 3600.0) <= base * 1.25 for _ in range(50))
    assert backoff_seconds(attempt, 2.0, 1.5) == 1.5


@pytest.mark.parametrize(("attempt", "outcome"), [(1, Outcome.RETRY), (4, Outcome.RETRY), (5, Outcome.DEAD)])
def test_the_last_attempt_is_final(attempt: int, outcome: Outcome) -> None:
    """A retry after the last attempt is told as dead, for the same reason; other endings stay."""
    lease = Lease("1", make_source(), (), "example.com", "http://example.com/", Kind.PAGE, 0, attempt)
    last = final_if_last(lease, Ending(Outcome.RETRY, Reason.DNS, "why", 3.0), 5)
    assert (last.outcome, last.reason, last.detail) == (outcome, "dns", "why")
    deferred = Ending(Outcome.DEFERRED, Reason.PACE, wait_seconds=3.0)
    assert final_if_last(lease, deferred, 5) is deferred
