"""Whose text is embedded next: tenants take turns, and so do each tenant's pages.

Weighted fair queuing (Demers, Keshav and Shenker 1989), as in the frontier's lines: who has the lowest
virtual time is served next, and moves on by what that cost.
"""

from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar
from uuid import UUID

Member = TypeVar("Member", bound=Hashable)


class FairQueue(Generic[Member]):
    """Members by virtual time. There are as many as pages in a worker's pipelines: too few for a heap."""

    def __init__(self) -> None:
        self._times: dict[Member, float] = {}

    def __bool__(self) -> bool:
        return bool(self._times)

    def join(self, member: Member) -> None:
        """FairQueue up behind all that are there, so that nobody who waits is overtaken for ever."""
        self._times.setdefault(member, max(self._times.values(), default=0.0))

    def leave(self, member: Member) -> None:
        """Be served no more; who is not there may leave, too."""
        self._times.pop(member, None)

    def first(self) -> Member:
        """Return whose turn it is; of equals, who joined first."""
        return min(self._times, key=self._times.__getitem__)

    def move_on(self, member: Member, cost: float) -> None:
        """Count what was spent on a member."""
        self._times[member] += cost


class Tenanted(Hashable, Protocol):
    """What waits in line."""

    @property
    def project_id(self) -> UUID:
        """Its tenant."""


Request = TypeVar("Request", bound=Tenanted)


class TenantTurns(Generic[Request]):
    """Pages that wait, each tenant's in a line of their own."""

    def __init__(self) -> None:
        self._tenants: FairQueue[UUID] = FairQueue()
        self._pages: dict[UUID, FairQueue[Request]] = {}

    def __bool__(self) -> bool:
        return bool(self._tenants)

    def join(self, page: Request) -> None:
        """Wait behind the tenant's other pages, and the tenant, if it is new, behind the others."""
        self._pages.setdefault(page.project_id, FairQueue()).join(page)
        self._tenants.join(page.project_id)

    def leave(self, page: Request) -> None:
        """Wait no more; who does not wait may leave, too."""
        line = self._pages.get(page.project_id)
        if line is not None:
            line.leave(page)
            if not line:
                del self._pages[page.project_id]
                self._tenants.leave(page.project_id)

    def first(self) -> Request:
        """Return the page whose turn it is; somebody must wait."""
        return self._pages[self._tenants.first()].first()

    def move_on(self, page: Request, cost: float) -> None:
        """Count what was spent on a page, which still waits."""
        self._pages[page.project_id].move_on(page, cost)
        self._tenants.move_on(page.project_id, cost)
