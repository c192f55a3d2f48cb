"""`scrapy blocklist`: what must not be fetched, for one project or for all; and what a URL is blocked by."""

from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID

from scrapy.exceptions import UsageError

from alonchat_crawl.control.verbs import blocking
from alonchat_crawl.control.verbs.errors import NotFoundError
from alonchat_crawl.control.verbs.names import find_project_id
from alonchat_crawl.operations.terminal.command import (
    OperatorCommand,
    Servers,
    SubCommand,
    add_names,
    named,
)
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
    """Lists, adds and removes rules; tells whether URLs are blocked."""

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
            SubCommand("check", "Tell by what URLs are blocked", _check, partial(_words_option, "URL")),
        )


def _project_option(parser: ArgumentParser) -> None:
    add_names(parser, meaning=PROJECT)


def _words_option(metavar: str, parser: ArgumentParser) -> None:
    add_names(parser, meaning=PROJECT)
    parser.add_argument("words", metavar=metavar, nargs="+")


async def _project(opts: Namespace, servers: Servers) -> tuple[str, UUID | None]:
    """The project that -a names, and its id; empty and None for all."""
    word = named(opts.arguments).get("project", "")
    return word, await find_project_id(servers.postgres, word) if word else None


@contextmanager
def _as_called(word: str) -> Iterator[None]:
    """Let a project that is not there be called as it was."""
    try:
        yield
    except NotFoundError:
        raise NotFoundError(f"There is no project {word}.") from None


async def _change(verb: str, opts: Namespace, servers: Servers) -> int:
    try:
        rules = blocking.rules_of(opts.words)
    except blocking.RuleError as error:
        raise UsageError(terminal_text(error), print_help=False) from None
    word, project_id = await _project(opts, servers)
    change = blocking.block if verb == "add" else blocking.unblock
    with _as_called(word):
        done = await change(await servers.postgres(), rules, project_id)
    whose = f"of project {word}" if word else "for all projects"
    did = "added to" if verb == "add" else "removed from"
    print(terminal_text(f"{done} of {len(rules)} rules {did} the list {whose}: {', '.join(rules)}"))
    return 0


async def _list(opts: Namespace, servers: Servers) -> int:
    word, project_id = await _project(opts, servers)
    with _as_called(word):
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
    _, project_id = await _project(opts, servers)
    for url in opts.words:
        found = await blocking.why_blocked(lists, url, project_id)
        print(terminal_text(f"{url}: {'not blocked' if found is None else f'blocked: it {found}'}"))
    return 0
