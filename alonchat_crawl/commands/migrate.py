"""`scrapy migrate`: brings the database's schema up to date."""

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand

from alonchat_crawl.errors import StartupError


class Command(ScrapyCommand):
    """Applies the migrations that the database lacks and prints their names."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def short_desc(self) -> str:
        """Stand in the list of commands."""
        return "Bring the database's schema up to date"

    def run(self, args: list[str], opts: Namespace) -> None:  # noqa: ARG002 - Scrapy's signature
        """Exit with 1 and one sentence where the database cannot be reached or refuses."""
        # Every command is imported by every other: what is slow is imported by its own command only.
        from alonchat_crawl.servers import embedded  # noqa: PLC0415
        from alonchat_crawl.storage.migrate import migrate  # noqa: PLC0415

        assert self.settings is not None  # noqa: S101 - set by Scrapy; for the type checker
        try:
            url = self.settings["DATABASE_URL"] or embedded.database_url(
                Path(self.settings["ALONCHAT_DATA_DIR"])
            )
            applied = migrate(url)
        except StartupError as error:
            print(error, file=sys.stderr)
            self.exitcode = 1
            return
        print("\n".join(f"applied {name}" for name in applied) or "The schema is up to date.")
