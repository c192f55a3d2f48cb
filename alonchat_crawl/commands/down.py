"""`scrapy down`: stop the embedded servers."""

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand

from alonchat_crawl.errors import StartupError
from alonchat_crawl.servers import embedded


class Command(ScrapyCommand):
    """Stop the embedded Valkey and Postgres of ALONCHAT_DATA_DIR; their data stays."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def short_desc(self) -> str:
        """Say in one line what the command does."""
        return "Stop the embedded Redis and Postgres; their data stays"

    def run(self, args: list[str], opts: Namespace) -> None:  # noqa: ARG002 - Scrapy's signature
        """Stop them and say which ran."""
        assert self.settings is not None  # noqa: S101 - Scrapy has set them
        folder = Path(self.settings["ALONCHAT_DATA_DIR"])
        try:
            stopped = embedded.stop(folder)
        except StartupError as error:
            print(error, file=sys.stderr)
            self.exitcode = 1
            return
        print(f"Stopped {' and '.join(stopped)}." if stopped else f"No server was running in {folder}.")
