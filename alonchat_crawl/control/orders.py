"""Orders: messages with which the web app pauses, resumes, cancels, caps or prioritises a source."""

from collections.abc import Collection, Sequence
from typing import ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, model_validator

from alonchat_crawl.control.inbox import NOBODY, Inbox
from alonchat_crawl.control.verbs.steering import RANGES, Action, steer
from alonchat_crawl.control.website_seed import TWO_PROJECTS, Name, SeedError, check, project_of, read_json
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.reasons import Reason


class Order(BaseModel):
    """What to do to a source that is being crawled. Keys that it does not know are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    action: Action
    source_id: Name
    """A UUID, or the name that its seed gave it."""
    project_id: Name | None = None
    """As in the source's seed. No other project's source is touched."""
    value: int = 0
    """The pages for `cap`; 1 to 10 for `priority`."""

    @model_validator(mode="after")
    def _within_range(self) -> Self:
        least, most = RANGES.get(self.action, (0, 0))
        if self.action in RANGES and not least <= self.value <= most:
            raise ValueError(f"{self.action} needs a value from {least} to {most}")
        return self


class OrderReader(Inbox):
    """Reads a list of orders. It is not the list of seeds, so that orders need not wait behind those."""

    kind: ClassVar[str] = "order"
    rejected: ClassVar[Reason] = Reason.BAD_ORDER

    def project_of(self, raw: bytes) -> UUID:
        """The project that the order names, as `act` reads it."""
        return project_of(raw, self.settings["DEFAULT_PROJECT"], "project_id") or NOBODY

    async def with_room(self, projects: Sequence[UUID]) -> Collection[UUID]:
        """All of them: a project whose sources fill its limit must still be able to cancel one."""
        return projects

    async def act(self, raw: bytes) -> None:
        """Steer the source. Raises SeedError or GiveUp for an order that cannot be carried out."""
        order = check(Order, read_json(raw))
        project_id = as_uuid(order.project_id or self.settings["DEFAULT_PROJECT"])
        if project_id != self.project_of(raw):
            raise SeedError(TWO_PROJECTS)
        source_id = as_uuid(order.source_id, project_id)
        await steer(self.shards, self.pool, order.action, source_id, order.value, project_id)
