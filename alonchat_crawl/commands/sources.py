"""`scrapy sources`: list what is crawled and what ended lately; pause, resume, cancel, … sources."""

import asyncio
import json
import signal
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from uuid import UUID

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text
from scrapy.exceptions import UsageError

from alonchat_crawl.commands.source_views import as_json, ended_table, running_table, unread_line, whole
from alonchat_crawl.control.message_lists import message_keys
from alonchat_crawl.control.verbs import sources, steering
from alonchat_crawl.control.verbs.errors import NotFoundError, NotPossibleError
from alonchat_crawl.control.verbs.names import find_source_id
from alonchat_crawl.control.verbs.steering import RANGES, Action
from alonchat_crawl.errors import GiveUp, Outage, StartupError
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.operations.terminal.arguments import add_names, project_named, whole_number
from alonchat_crawl.operations.terminal.command import OperatorCommand, Servers, SubCommand
from alonchat_crawl.operations.terminal.console import complain, wide_stdout
from alonchat_crawl.operations.terminal.terminal_text import terminal_text
from alonchat_crawl.storage.sources import SourceRecord, ended_sources

REFRESH_SECONDS = 1.0
ENDED_SHOWN = 10
DONE = {
    Action.PAUSE: "paused",
    Action.RESUME: "resumed",
    Action.CANCEL: "cancelled: it ends with what is in work",
    Action.CAP: "capped at {} pages",
    Action.PRIORITY: "given priority {}",
}
HELP = {
    Action.PAUSE: "Fetch nothing more of sources until they are resumed",
    Action.RESUME: "Go on with paused sources",
    Action.CANCEL: "End sources with what is in work",
    Action.CAP: "Let a source have no more than N pages",
    Action.PRIORITY: "Give a source its share of the turns, N from 1 to 10; 5 is usual",
}
PROJECT = "of this project alone; an ID may be a source's name in it"
ID = "a source's id, or its first digits (four at least); with -a project=, its name"


class Command(OperatorCommand):
    summary = "List, pause, resume, cancel, cap or prioritise sources"
    description = (
        "Without arguments, list what is being crawled and what ended lately; with an ID, show all that is "
        "known of that source. An ID may be shortened to its first digits, four at least."
    )
    usage = "[options] [ID | pause ID… | resume ID… | cancel ID… | cap ID N | priority ID N | drop ID…]"
    fallback = "show"

    def default(self) -> SubCommand:
        return SubCommand("list", "List sources", _list, _list_options)

    def subcommands(self) -> tuple[SubCommand, ...]:
        steers = (
            SubCommand(action, HELP[action], partial(_steer, action), partial(_steer_options, action))
            for action in Action
        )
        return (
            *steers,
            SubCommand("drop", "Set aside sources that cannot be read", _drop, _ids_options),
            SubCommand("show", "Show all that is known of a source", _show, _show_options),
        )


def _list_options(parser: ArgumentParser) -> None:
    add_names(parser, meaning=PROJECT)
    parser.add_argument("--watch", action="store_true", help="list again every second, until Ctrl-C")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line, with whole ids")


def _show_options(parser: ArgumentParser) -> None:
    add_names(parser, meaning=PROJECT)
    parser.add_argument("id", metavar="ID", help=ID)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _ids_options(parser: ArgumentParser) -> None:
    add_names(parser, meaning=PROJECT)
    parser.add_argument("ids", metavar="ID", nargs="+", help=ID)


def _steer_options(action: Action, parser: ArgumentParser) -> None:
    if action not in RANGES:
        _ids_options(parser)
        return
    add_names(parser, meaning=PROJECT)
    parser.add_argument("ids", metavar="ID", nargs=1, help=ID)
    parser.add_argument("number", metavar="N", type=whole_number(*RANGES[action]),
                        help="from {} to {}".format(*RANGES[action]))  # fmt: skip


async def _list(opts: Namespace, servers: Servers) -> int:
    if opts.watch and opts.json:
        raise UsageError("--watch is for the table alone", print_help=False)
    project_id = await project_named(opts, servers)
    shards = await servers.frontier()
    if opts.json:
        for source_id, found in (await sources.list_sources(shards, project_id)).items():
            print(json.dumps(as_json(source_id, progress=found)))
        for record in (await _ended(servers, project_id))[0]:
            print(json.dumps(as_json(record.id, record=record)))
        return 0
    out = wide_stdout()
    draw = partial(_drawn, servers, shards, project_id, out.width)
    if not opts.watch:
        out.print(await draw())
        return 0
    stopped = asyncio.Event()  # no cancelling: redis-py sometimes swallows it
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stopped.set)
    with Live(await draw(), console=out, auto_refresh=False) as live:
        while not stopped.is_set():
            live.update(await draw(), refresh=True)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), REFRESH_SECONDS)
    return 0


async def _drawn(servers: Servers, shards: Shards, project_id: UUID | None, width: int) -> RenderableType:
    running = await sources.list_sources(shards, project_id)
    unread = [
        await sources.unread_messages(servers.connections.redis, kind, keys, project_id)
        for kind, keys in message_keys(servers.settings).items()
    ]
    ended, fault = await _ended(servers, project_id)
    parts: list[RenderableType] = [running_table(running, width)] if running else []
    parts.append(unread_line(len(running), unread))
    if ended:
        parts += ["", Text("Ended lately", style="dim"), ended_table(ended, width)]
    return Group(*parts, *([terminal_text(f"What ended lately is not known: {fault}")] if fault else []))


async def _ended(servers: Servers, project_id: UUID | None) -> tuple[list[SourceRecord], str]:
    """What ended lately; nothing, and why, if Postgres is away: running sources are listed all the same."""
    try:
        return await ended_sources(await servers.postgres(), ENDED_SHOWN, project_id), ""
    except (StartupError, Outage) as error:
        return [], str(error)


async def _show(opts: Namespace, servers: Servers) -> int:
    shards = await servers.frontier()
    [(word, source_id, only)] = [found async for found in _meant([opts.id], opts, servers, shards)]
    try:
        view = await sources.show_source(shards, await servers.postgres(), source_id, only)
    except NotFoundError:
        raise NotFoundError(f"There is no source {word}.{_hint(source_id, word)}") from None
    row = as_json(source_id, record=view.record, progress=view.progress, waits=view.waits)
    print(json.dumps(row)) if opts.json else wide_stdout().print(whole(row))
    return 0


async def _steer(action: Action, opts: Namespace, servers: Servers) -> int:
    shards, pool = await servers.frontier(), await servers.postgres()  # before anything is changed
    number, code = getattr(opts, "number", 0), 0
    async for word, source_id, only in _meant(opts.ids, opts, servers, shards):
        try:
            source = await steering.steer(shards, pool, action, source_id, number, only)
        except GiveUp as error:
            complain(f"{error}{_hint(source_id, word)}")
            code = 1
        else:
            print(terminal_text(f"{source_id} {DONE[action].format(number)} ({source.url})"))
    return code


async def _drop(opts: Namespace, servers: Servers) -> int:
    shards, code = await servers.frontier(), 0
    async for word, source_id, only in _meant(opts.ids, opts, servers, shards):
        try:
            await sources.drop_source(shards, source_id, only)
        except NotPossibleError as error:
            complain(f"{error}{_hint(source_id, word)}")
            code = 1
        else:
            print(f"{source_id} is set aside: scrapy dead_letters -a reason=unreadable")
    return code


async def _meant(
    words: list[str], opts: Namespace, servers: Servers, shards: Shards
) -> AsyncIterator[tuple[str, UUID, UUID | None]]:
    """Yield each source once: the word for it, its id, and the project that it must be of, if any."""
    only = await project_named(opts, servers)
    parent = only or as_uuid(servers.settings["DEFAULT_PROJECT"])
    found = {await find_source_id(shards, servers.postgres, word, parent, only): word for word in words}
    for source_id, word in found.items():
        yield word, source_id, only


def _hint(source_id: UUID, word: str) -> str:
    """What a word was taken for: one that begins no known id is a name."""
    known = str(source_id).startswith(word.lower())
    return "" if known else f" ({word} is a name, since no ID begins so: give its project by -a project=.)"
