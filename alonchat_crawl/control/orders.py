"""Orders: the messages by which the web app pauses, resumes, cancels, caps or prioritises a source."""

from collections.abc import Collection, Sequence
from typing import ClassVar, Self
from uuid import UUID

from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, ConfigDict, model_validator
from scrapy.settings import BaseSettings

from alonchat_crawl.control.inbox import NOBODY, Inbox
from alonchat_crawl.control.verbs.steering import RANGES, Action, steer
from alonchat_crawl.control.website_seed import TWO_PROJECTS, Name, SeedError, check, project_of, read_json
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.reasons import Reason


class Order(BaseModel):
    """What is to be done to a source that is being crawled. Unknown keys change nothing."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    action: Action
    source_id: Name
    """A UUID, or the name that its seed gave it."""
    project_id: Name | None = None
    """As in its seed: no other project's source is touched."""
    value: int = 0
    """For `cap` the pages, for `priority` 1 to 10."""

    @model_validator(mode="after")
    def _within_range(self) -> Self:
        least, most = RANGES.get(self.action, (0, 0))
        if self.action in RANGES and not least <= self.value <= most:
            raise ValueError(f"{self.action} needs a value from {least} to {most}")
        return self


class OrderReader(Inbox):
    """Reads the list of orders, which do not wait behind seeds."""

    kind: ClassVar[str] = "order"
    rejected: ClassVar[Reason] = Reason.BAD_ORDER

    def __init__(self, shards: Shards, pool: AsyncConnectionPool, settings: BaseSettings, key: str) -> None:
        super().__init__(shards, settings, key)
        self._pool = pool
        self._default_project = str(settings["DEFAULT_PROJECT"])

    def project_of(self, raw: bytes) -> UUID:
        """The project that the order names, as `act` reads it."""
        return project_of(raw, self._default_project, "project_id") or NOBODY

    async def with_room(self, projects: Sequence[UUID]) -> Collection[UUID]:
        """All: a project that has as many sources running as it may has a reason to cancel one."""
        return projects

    async def act(self, raw: bytes) -> None:
        """Steer the source; raises SeedError or GiveUp for an order that cannot be carried out."""
        order = check(Order, read_json(raw))
        project_id = as_uuid(order.project_id or self._default_project)
        if project_id != self.project_of(raw):
            raise SeedError(TWO_PROJECTS)
        source_id = as_uuid(order.source_id, project_id)
        await steer(self.shards, self._pool, order.action, source_id, order.value, project_id=project_id)
