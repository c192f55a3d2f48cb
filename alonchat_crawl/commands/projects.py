"""`scrapy projects`: list projects with their size and how they are searched; promote or demote some."""

import sys
from argparse import ArgumentParser, Namespace
from functools import partial

from alonchat_crawl.control.verbs import projects
from alonchat_crawl.operations.terminal.command import OperatorCommand, Servers, SubCommand
from alonchat_crawl.operations.terminal.console import wide_stdout
from alonchat_crawl.operations.terminal.table import Column, table
from alonchat_crawl.operations.terminal.terminal_text import terminal_text

COLUMNS = (
    Column("project", least=10),
    Column("id"),
    Column("windows"),
    Column("searched"),
    Column("embedded by", least=10),
)


class Command(OperatorCommand):
    summary = "List projects, or give large ones an index of their own"
    description = (
        "Without arguments, list all projects. `promote` builds an HNSW index for a project, which can be "
        "crawled and searched meanwhile: its searches stay fast however large it grows, but storing gets "
        "slower. `demote` drops the index: the project is searched exactly again. An ID is a project's name, "
        "its UUID, or the first digits of its UUID."
    )
    usage = "[promote ID… | demote ID…]"

    def default(self) -> SubCommand:
        return SubCommand("list", "List projects", _list)

    def subcommands(self) -> tuple[SubCommand, ...]:
        return (
            SubCommand("promote", "Give each project an index of its own", partial(_change, "promote"), _ids),
            SubCommand("demote", "Drop their indexes", partial(_change, "demote"), _ids),
        )


def _ids(parser: ArgumentParser) -> None:
    parser.add_argument("ids", metavar="ID", nargs="+", help="a project's name, id, or the id's first digits")


async def _list(_opts: Namespace, servers: Servers) -> int:
    found = await projects.read_projects(await servers.postgres())
    rows = [(one.name, one.id, one.windows, "by its index" if one.indexed else "exactly", one.scheme or "")
            for one in found]  # fmt: skip
    out = wide_stdout()
    out.print(table(COLUMNS, rows, out.width) if rows else "There is no project yet.")
    return 0


async def _change(verb: str, opts: Namespace, servers: Servers) -> int:
    pool = await servers.postgres()
    change = projects.promote if verb == "promote" else projects.demote
    for project in [await projects.read_project(servers.postgres, word) for word in opts.ids]:
        name = terminal_text(project.name)
        print(f"{name}: {project.windows} windows …", file=sys.stderr)
        print(f"{name}: {verb}d" if await change(pool, project) else f"{name}: nothing to do")
    return 0
