"""`scrapy projects`: how large each tenant is, by what it is searched, and whether by an index."""

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings

from alonchat_crawl.commands import desk
from alonchat_crawl.identity import as_uuid

VERBS = ("promote", "demote")
COLUMNS = ("project", "id", "windows", "searched", "embedded by")


class Command(ScrapyCommand):
    """Lists projects; promotes large ones to an index of their own."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Stand in the usage."""
        return "[promote ID… | demote ID…]"

    def short_desc(self) -> str:
        """Stand in the list of commands."""
        return "List projects, or give large ones an index of their own"

    def long_desc(self) -> str:
        """Stand in the help."""
        return (
            "Without arguments, list all projects. `promote` builds an HNSW index of a project's own, while "
            "it is crawled and searched: searching takes no longer as it grows, storing does. `demote` drops "
            "it: the project is searched exactly again. An ID is a project's name or UUID."
        )

    def run(self, args: list[str], opts: Namespace) -> None:  # noqa: ARG002 - Scrapy's signature
        """Exit with 1 and one sentence where it cannot be done, with 2 where the usage is wrong."""
        assert self.settings is not None  # noqa: S101 - set by Scrapy; for the type checker
        verb, *names = desk.words(args) or [""]
        if verb and (verb not in VERBS or not names):
            raise UsageError(f"give nothing, or one of {', '.join(VERBS)} and a project", print_help=False)
        self.exitcode = desk.run(_projects(self.settings, verb, [as_uuid(name) for name in names]))


async def _projects(settings: BaseSettings, verb: str, ids: Sequence[UUID]) -> int:
    from alonchat_crawl.servers.connections import Connections  # noqa: PLC0415  slow: not for every command
    from alonchat_crawl.storage.projects import ProjectRecord, demote, promote, read_projects  # noqa: PLC0415

    connections = Connections(settings)
    try:
        pool = await connections.postgres()
        projects: list[ProjectRecord] = []
        wanted: Sequence[UUID | None] = ids or [None]
        for only in wanted:
            found = await read_projects(pool, only)
            if only is not None and not found:
                raise desk.UnableError(f"There is no project {only}.")
            projects += found
        if verb:
            change = promote if verb == "promote" else demote
            for project in projects:
                print(f"{desk.printable(project.name)}: {project.windows} windows …", file=sys.stderr)
                print(f"{desk.printable(project.name)}: {verb}d" if await change(pool, project)
                      else f"{desk.printable(project.name)}: nothing to do")  # fmt: skip
            return 0
    finally:
        await connections.close()
    console = desk.console()
    rows = [(project.name, project.id, project.windows, "by its index" if project.indexed else "exactly",
             project.scheme or "") for project in projects]  # fmt: skip
    console.print(desk.table(COLUMNS, rows, console.width) if rows else "There is no project yet.")
    return 0
