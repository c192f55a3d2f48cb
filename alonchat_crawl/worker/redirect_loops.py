"""Redirects that lead back to where they began."""

from uuid import UUID

from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending, Lease

KNOWN_MAX = 10_000


def circle(lease: Lease, target: str) -> Ending:
    """How a URL ends that redirects to one which led to it, or to itself."""
    return Ending(Outcome.DEAD, Reason.REDIRECTS, f"{lease.url} redirects to {target}, which led to it")


class Trails:
    """Which URLs redirected to which, as far as this worker has followed them.

    The frontier fetches no URL twice, so a circle would end unnoticed, with nothing stored. One that other
    workers have walked a part of still does.
    """

    def __init__(self) -> None:
        self._to: dict[tuple[UUID, str], frozenset[str]] = {}
        """By run and URL: those that redirected to it, directly or not."""

    def closes(self, lease: Lease, target: str) -> bool:
        """Note that a leased URL redirects to another; whether that closes a circle."""
        run = lease.source.crawl_id
        trail = self._to.pop((run, lease.url), frozenset()) | {lease.url}
        if target in trail:
            return True
        if len(self._to) >= KNOWN_MAX:
            self._to.clear()
        self._to[run, target] = trail
        return False
