"""`scrapy reembed`: embed stored chunks by another model; the old vectors are searched until it is done."""

import sys
from argparse import ArgumentParser, Namespace

from scrapy.exceptions import UsageError

from alonchat_crawl.control.verbs.projects import read_project, read_projects
from alonchat_crawl.operations.terminal.arguments import add_names, named
from alonchat_crawl.operations.terminal.command import OperatorCommand, Servers, SubCommand
from alonchat_crawl.operations.terminal.terminal_text import terminal_text


class Command(OperatorCommand):
    summary = "Embed stored chunks by another model, while the old vectors serve"
    usage = "[-a project=ID | --all]"

    def default(self) -> SubCommand:
        return SubCommand("reembed", self.summary, _reembed, _options)


def _options(parser: ArgumentParser) -> None:
    add_names(parser, meaning="the project, by name or id (default: the project `default`)")
    parser.add_argument("--all", action="store_true", help="every project that another model has embedded")


async def _reembed(opts: Namespace, servers: Servers) -> int:
    # Scrapy imports all commands to run one: what is slow to import is imported where it is needed.
    from alonchat_crawl.control.verbs.reembedding import reembed  # noqa: PLC0415
    from alonchat_crawl.embedding import Embedder, scheme  # noqa: PLC0415

    if opts.all and opts.arguments:
        raise UsageError("give -a project=ID, or --all, and nothing else", print_help=False)
    word = named(opts.arguments).get("project") or servers.settings["DEFAULT_PROJECT"]
    pool, wanted = await servers.postgres(), scheme(servers.settings)
    if opts.all:
        projects = await read_projects(pool)
    else:
        projects = [await read_project(servers.postgres, word)]
    embedder = Embedder.from_settings(servers.settings)
    for project in projects:
        name = terminal_text(project.name)

        def tell(chunks: int, windows: int, name: str = name) -> None:
            print(f"{name}: {chunks} chunks, {windows} windows", file=sys.stderr)

        if project.scheme not in {None, wanted}:
            print(f"{name}: from {project.scheme} to {wanted} …", file=sys.stderr)
        done = await reembed(pool, embedder, project, wanted, tell)
        if done.was_served and not done.chunks:
            print(f"{name}: nothing to do")
        else:
            print(
                f"{name}: {done.chunks} chunks embedded anew, {done.windows} windows; "
                f"it is searched by {wanted}"
            )
    return 0
