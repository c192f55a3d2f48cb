"""`scrapy down`: stop the embedded servers."""

from argparse import Namespace
from pathlib import Path

from alonchat_crawl.operations.terminal.command import OperatorCommand, Servers, SubCommand
from alonchat_crawl.servers import embedded


class Command(OperatorCommand):
    summary = "Stop the embedded Redis and Postgres; their data stays"

    def default(self) -> SubCommand:
        return SubCommand("down", self.summary, _down)


async def _down(_opts: Namespace, servers: Servers) -> int:
    folder = Path(servers.settings["ALONCHAT_DATA_DIR"])
    stopped = embedded.stop(folder)
    print(f"Stopped {' and '.join(stopped)}." if stopped else f"No server was running in {folder}.")
    return 0
