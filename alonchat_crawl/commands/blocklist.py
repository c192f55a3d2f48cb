"""`scrapy blocklist`: block URLs for one project or for all, and see which list blocks a URL."""

from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID

from scrapy.exceptions import UsageError

from alonchat_crawl.control.verbs import blocking
from alonchat_crawl.control.verbs.errors import NotFoundError
from alonchat_crawl.operations.terminal.arguments import add_names, named, project_named
from alonchat_crawl.operations.terminal.command import OperatorCommand, Servers, SubCommand
from alonchat_crawl.operations.terminal.console import wide_stdout
from alonchat_crawl.operations.terminal.table import Column, table
from alonchat_crawl.operations.terminal.terminal_text import terminal_text
from alonchat_crawl.policies.blocklists.files import BlocklistFiles
from alonchat_crawl.policies.blocklists.live import Blocklists

COLUMNS = (
    Column("rule", least=10),
    Column("holds for", least=10),
    Column("since", least=10),
)
ALL = "all projects"
PROJECT = "of this project alone"


class Command(OperatorCommand):
    summary = "Block sites, URLs and networks, for one project or for all"
    description = (
        "Without a verb, list the files of BLOCKLIST_FILES and the rules in Postgres. `add` and `remove` "
        "change those: for one project with -a project=, otherwise for all. Workers follow within "
        "BLOCKLIST_RELOAD_SECONDS. `check` tells which list a URL is on. A RULE is a line as in a file: "
        "bad.example (with all below it), '0.0.0.0 bad.example' (that host alone), 192.0.2.0/24, "
        "https://bad.example/page (that URL alone), '||bad.example/path*'; '@@' before one makes an "
        "exception from its list, and among the rules for all from the files as well."
    )
    usage = "[-a project=ID] [add RULE… | remove RULE… | check URL…]"

    def default(self) -> SubCommand:
        return SubCommand("list", "List files and rules", _list, _project_option)

    def subcommands(self) -> tuple[SubCommand, ...]:
        return (
            SubCommand("add", "Add rules", partial(_change, "add"), partial(_words_option, "RULE")),
            SubCommand("remove", "Remove rules", partial(_change, "remove"), partial(_words_option, "RULE")),
            SubCommand("check", "Tell which list blocks URLs", _check, partial(_words_option, "URL")),
        )


def _project_option(parser: ArgumentParser) -> None:
    add_names(parser, meaning=PROJECT)


def _words_option(metavar: str, parser: ArgumentParser) -> None:
    add_names(parser, meaning=PROJECT)
    parser.add_argument("words", metavar=metavar, nargs="+")


@contextmanager
def _as_called(opts: Namespace) -> Iterator[str]:
    """Yield the word for the project, empty for all. A project that is not found is called by it."""
    word = named(opts.arguments).get("project", "")
    try:
        yield word
    except NotFoundError:
        raise NotFoundError(f"There is no project {word}.") from None


async def _change(verb: str, opts: Namespace, servers: Servers) -> int:
    try:
        rules = blocking.rules_of(opts.words)
    except blocking.RuleError as error:
        raise UsageError(terminal_text(error), print_help=False) from None
    project_id = await project_named(opts, servers)
    change = blocking.block if verb == "add" else blocking.unblock
    with _as_called(opts) as word:
        done = await change(await servers.postgres(), rules, project_id)
    whose = f"of project {word}" if word else "for all projects"
    did = "added to" if verb == "add" else "removed from"
    print(terminal_text(f"{done} of {len(rules)} rules {did} the list {whose}: {', '.join(rules)}"))
    return 0


async def _list(opts: Namespace, servers: Servers) -> int:
    project_id = await project_named(opts, servers)
    with _as_called(opts):
        rows = [row async for row in _rows(servers, project_id)]
    out = wide_stdout()
    out.print(table(COLUMNS, rows, out.width) if rows else "There is no rule yet.")
    return 0


async def _rows(servers: Servers, project_id: UUID | None) -> AsyncIterator[tuple[object, ...]]:
    if project_id is None:
        files = BlocklistFiles(servers.settings.getlist("BLOCKLIST_FILES"))
        files.load()
        for one in files.lists:
            yield one.path, ALL, str(one.report)
    async for batch in blocking.list_rules(await servers.postgres(), project_id):
        for rule in batch:
            yield rule.rule, rule.project_name or ALL, rule.created_at


async def _check(opts: Namespace, servers: Servers) -> int:
    lists = Blocklists.from_settings(servers.settings, servers.connections)
    project_id = await project_named(opts, servers)
    for url in opts.words:
        found = await blocking.why_blocked(lists, url, project_id)
        print(terminal_text(f"{url}: {'not blocked' if found is None else f'blocked: it {found}'}"))
    return 0
