"""Decides whose text is embedded next: tenants take turns, and so do the pages of each tenant.

Weighted fair queuing (Demers, Keshav and Shenker 1989), as in the frontier: the member with the lowest
virtual time is served next, and its time then grows by the cost.
"""

from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar
from uuid import UUID

Member = TypeVar("Member", bound=Hashable)


class FairQueue(Generic[Member]):
    """Members by virtual time. It needs no heap, since a worker has only few pages in its pipelines."""

    def __init__(self) -> None:
        self._times: dict[Member, float] = {}

    def __bool__(self) -> bool:
        return bool(self._times)

    def join(self, member: Member) -> None:
        """Join behind all others, so that new members cannot keep others waiting for ever."""
        self._times.setdefault(member, max(self._times.values(), default=0.0))

    def leave(self, member: Member) -> None:
        """Remove a member, if present."""
        self._times.pop(member, None)

    def first(self) -> Member:
        """Return the member whose turn it is; in a tie, the one that joined first."""
        return min(self._times, key=self._times.__getitem__)

    def move_on(self, member: Member, cost: float) -> None:
        """Add the cost of a member's turn to its time."""
        self._times[member] += cost


class Tenanted(Hashable, Protocol):
    """Something that belongs to a project."""

    @property
    def project_id(self) -> UUID:
        """The project that it belongs to."""


Waiting = TypeVar("Waiting", bound=Tenanted)


class TenantTurns(Generic[Waiting]):
    """Waiting pages, in a fair queue for each tenant."""

    def __init__(self) -> None:
        self._tenants: FairQueue[UUID] = FairQueue()
        self._pages: dict[UUID, FairQueue[Waiting]] = {}

    def __bool__(self) -> bool:
        return bool(self._tenants)

    def join(self, page: Waiting) -> None:
        """Join behind the tenant's other pages; a new tenant joins behind all others."""
        self._pages.setdefault(page.project_id, FairQueue()).join(page)
        self._tenants.join(page.project_id)

    def leave(self, page: Waiting) -> None:
        """Remove a page, if present."""
        queue = self._pages.get(page.project_id)
        if queue is not None:
            queue.leave(page)
            if not queue:
                del self._pages[page.project_id]
                self._tenants.leave(page.project_id)

    def first(self) -> Waiting:
        """Return the page whose turn it is. There must be one."""
        return self._pages[self._tenants.first()].first()

    def move_on(self, page: Waiting, cost: float) -> None:
        """Add the cost of a page's turn to its time and its tenant's."""
        self._pages[page.project_id].move_on(page, cost)
        self._tenants.move_on(page.project_id, cost)
