"""What a worker does for projects when sources of theirs complete."""

from types import SimpleNamespace
from typing import cast

from psycopg_pool import AsyncConnectionPool

from alonchat_crawl.control.project_upkeep import ProjectUpkeep
from alonchat_crawl.errors import Outage
from alonchat_crawl.reasons import Reason
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.sources import SourceProgress
from tests.support.knowledge import SCHEME, make_source


async def test_an_outage_holds_a_shutdown_up_once() -> None:
    """Where Postgres is away, a worker that ends waits for it once, however many projects are due."""
    asked = 0

    async def postgres() -> AsyncConnectionPool:
        nonlocal asked
        asked += 1
        raise Outage(Reason.POSTGRES, "It is away.")

    upkeep = ProjectUpkeep(cast("Connections", SimpleNamespace(postgres=postgres)), SCHEME, 1)
    for project in ("alpha", "bravo", "charlie"):
        completed = SimpleNamespace(source=make_source(project=project))
        upkeep.source_completed(cast("SourceProgress", completed))
    await upkeep.spider_closed()
    assert asked == 1
