"""`scrapy migrate`: brings the database's schema up to date."""

from argparse import Namespace
from pathlib import Path

from alonchat_crawl.operations.terminal.command import OperatorCommand, Servers, SubCommand
from alonchat_crawl.servers import embedded
from alonchat_crawl.storage.migrate import migrate


class Command(OperatorCommand):
    summary = "Bring the database's schema up to date"

    def default(self) -> SubCommand:
        return SubCommand("migrate", self.summary, _migrate)


async def _migrate(_opts: Namespace, servers: Servers) -> int:
    settings = servers.settings
    url = settings["DATABASE_URL"] or embedded.database_url(Path(settings["ALONCHAT_DATA_DIR"]))
    applied = migrate(url)
    print("\n".join(f"applied {name}" for name in applied) or "The schema is up to date.")
    return 0
