"""`scrapy sources`: what the frontier works on, and the verbs to steer it with."""

import asyncio
import json
import signal
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from redis.exceptions import ResponseError
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings

from alonchat_crawl.commands import desk
from alonchat_crawl.commands.desk import UnableError, printable
from alonchat_crawl.control.message_lists import SEEDS
from alonchat_crawl.control.steering import RANGES, Verb, steer
from alonchat_crawl.errors import GiveUp, Unreadable
from alonchat_crawl.frontier.lanes import Lanes
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.view import Wait
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.sources import SourceProgress
from alonchat_crawl.storage.sources import SourceRecord, read_source

DONE = {
    Verb.PAUSE: "paused",
    Verb.RESUME: "resumed",
    Verb.CANCEL: "cancelled: it ends with what is in work",
    Verb.CAP: "capped at {} pages",
    Verb.PRIORITY: "given priority {}",
}
"""What each verb has done."""
DROP = "drop"
"""The verb for a source that cannot be read, and so not be steered."""
REFRESH_SECONDS = 1.0
COLUMNS = ("id", "project", "url", "state", "prio", "pages", "waiting", "in work", "refused", "dead", "age")


def _in_frontier(progress: SourceProgress) -> dict[str, Any]:
    source = asdict(progress.source)
    return {
        "id": str(source.pop("source_id")),
        "project": source.pop("project_name"),
        **{name: str(value) if isinstance(value, UUID) else value for name, value in source.items()},
        "state": progress.state,
        "ends": progress.ends,
        "pages": progress.pages,
        "waiting": progress.pending - progress.leased,
        "in_work": progress.leased,
        "counts": dict(progress.counts),
        "reasons": dict(progress.reasons),
        "first_failure": progress.first_failure,
        "started_at": progress.started_at and progress.started_at.isoformat(),
    }


def _unreadable(source_id: UUID, error: Unreadable) -> dict[str, Any]:
    return {
        "id": str(source_id), "project": None, "project_id": None, "url": error.detail, "state": "unreadable",
        "ends": "", "priority": None, "pages": 0, "max_pages": 0, "waiting": 0, "in_work": 0, "counts": {},
        "started_at": None,
    }  # fmt: skip


def _waiting(wait: Wait) -> str:
    why = [f"after {wait.refusals} times 429 or 503"] if wait.refusals else []
    why += [f"slow: {wait.delay_seconds:.1f} s between requests"] if wait.delay_seconds else []
    when = "a request is in flight" if wait.in_flight else f"due in {wait.due_seconds:.0f} s"
    return f"{wait.domain}: {wait.urls} URLs, {', '.join([when, *why])}"


def _in_postgres(record: SourceRecord) -> dict[str, Any]:
    return {
        "id": str(record.id),
        "project": record.project_name,
        "url": record.url,
        "state": record.status,
        "project_id": str(record.project_id),
        "crawl_id": record.crawl_id and str(record.crawl_id),
        **record.options,
        "counts": record.counts,
        "started_at": record.started_at and record.started_at.isoformat(),
        "error": record.error,
        "finished_at": record.finished_at and record.finished_at.isoformat(),
    }


async def _listed(shards: Shards, project: str) -> list[dict[str, Any]]:
    rows = [
        _unreadable(source_id, found) if isinstance(found, Unreadable) else _in_frontier(found)
        for source_id, found in (await shards.progresses()).items()
    ]
    # Whose an unreadable one is nobody can say: it is always shown.
    meant = [row for row in rows if not project or row["project_id"] in {None, str(as_uuid(project))}]
    return sorted(meant, key=lambda row: (row["started_at"] or "", row["id"]))


def _age(started_at: str | None) -> str:
    if started_at is None:
        return ""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(started_at)).total_seconds()
    units = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    length, unit = next((one for one in units if seconds >= one[0]), units[-1])
    return f"{max(0, int(seconds / length))} {unit}"


async def _unread(connections: Connections, settings: BaseSettings, project: str) -> str:
    """What no worker has acted on yet, for people; empty where there is none."""
    only = as_uuid(project) if project else None
    said = ""
    for word, key in (("seeds", "REDIS_START_URLS_KEY"), ("orders", "REDIS_ORDERS_KEY")):
        lists = (Lanes(connections.redis, settings[key] % {"name": name}) for name in SEEDS)
        try:
            count = sum([await one.waiting(only) for one in lists])
        except ResponseError:
            said += f", {word} unreadable: their key is no list"
        else:
            said += f", {count} {word} unread" if count else ""
    return said


def _table(rows: Sequence[dict[str, Any]], unread: str, width: int) -> RenderableType:
    cells = [
        (
            row["id"], row["project"] or "", row["url"],
            "ending" if row["ends"] and row["state"] in {"running", "paused"} else row["state"],
            row["priority"] or "", f"{row['pages']} of {row['max_pages']}", row["waiting"],
            row["in_work"], row["counts"].get("refused", 0), row["counts"].get("dead", 0),
            _age(row["started_at"]),
        )
        for row in rows
    ]  # fmt: skip
    return Group(desk.table(COLUMNS, cells, width), Text(f"{len(rows)} sources{unread}", style="dim"))


def _whole(row: dict[str, Any]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for name, value in row.items():
        lines = [f"{n} {word}" for word, n in value.items()] if isinstance(value, dict) else [value]
        if isinstance(value, (list, tuple)):
            lines = list(value)
        shown = "\n".join(printable(line) for line in lines if line not in {None, ""})
        if shown:
            grid.add_row(Text(name.replace("_", " "), style="dim"), Text(shown, overflow="fold"))
    return grid


async def _look(settings: BaseSettings, project: str, *, watch: bool, as_json: bool) -> int:
    out = desk.console()
    async with desk.frontier(settings) as (shards, connections):

        async def table() -> RenderableType:
            rows = await _listed(shards, project)
            return _table(rows, await _unread(connections, settings, project), out.width)

        if as_json:
            for row in await _listed(shards, project):
                print(json.dumps(desk.told(row)))
        elif not watch:
            out.print(await table())
        else:
            # Not by cancelling: redis-py now and then swallows that.
            stopped = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stopped.set)
            with Live(await table(), console=out, auto_refresh=False) as live:
                while not stopped.is_set():
                    live.update(await table(), refresh=True)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stopped.wait(), REFRESH_SECONDS)
    return 0


async def _show(
    settings: BaseSettings, source_id: UUID, name: str, project_id: UUID | None, *, as_json: bool
) -> int:
    async with desk.frontier(settings) as (shards, connections):
        found = await shards.find(source_id, project_id)
        record = await read_source(await connections.postgres(), source_id)
        if record and project_id not in {None, record.project_id}:
            record = None
        waits = await found[0].waits(source_id) if found else []
    row = (_in_postgres(record) if record else {}) | (_in_frontier(found[1]) if found else {})
    if not row:
        raise UnableError(f"There is no source {name}.{_hint(source_id, name)}")
    if record and record.finished_at:
        row["state"] = record.status  # the frontier calls completed what has failed, too
    row["waits"] = [_waiting(wait) for wait in waits]
    print(json.dumps(desk.told(row))) if as_json else desk.console().print(_whole(row))
    return 0


async def _steer(
    settings: BaseSettings, verb: Verb, names: Mapping[UUID, str], number: int, project_id: UUID | None
) -> int:
    code = 0
    async with desk.frontier(settings) as (shards, connections):
        pool = await connections.postgres()  # before anything is changed
        for source_id, name in names.items():
            try:
                source = await steer(shards, pool, verb, source_id, number, project_id=project_id)
            except GiveUp as error:
                desk.complain(f"{error}{_hint(source_id, name)}")
                code = 1
            else:
                print(printable(f"{source_id} {DONE[verb].format(number)} ({source.url})"))
    return code


def _hint(source_id: UUID, name: str) -> str:
    """What a name was taken for: half a UUID is a name as well."""
    return (
        "" if str(source_id) == name.lower() else f" ({name} is a name; in another project than -a project=?)"
    )


async def _drop(settings: BaseSettings, names: Mapping[UUID, str], only: UUID | None) -> int:
    """Set sources aside that cannot be read; others are cancelled."""
    code = 0
    async with desk.frontier(settings) as (shards, _):
        for source_id, name in names.items():
            try:
                readable = await shards.find(source_id, only) is not None
            except Unreadable as error:
                await shards.set_aside(source_id, error.detail)
                print(f"{source_id} is set aside: scrapy dead_letters -a reason=unreadable")
                continue
            why = "can be read: cancel it" if readable else f"is not in the frontier.{_hint(source_id, name)}"
            desk.complain(f"Source {name} {why}")
            code = 1
    return code


class Command(ScrapyCommand):
    """Lists the sources in the frontier, shows one whole, or steers some."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Stand in the usage."""
        return "[options] [ID | pause ID… | resume ID… | cancel ID… | cap ID N | priority ID N | drop ID…]"

    def short_desc(self) -> str:
        """Stand in the list of commands."""
        return "List, pause, resume, cancel, cap or prioritise sources"

    def add_options(self, parser: ArgumentParser) -> None:
        """Add -a, --watch and --json to Scrapy's own."""
        super().add_options(parser)
        parser.add_argument("-a", dest="arguments", action="append", default=[], metavar="project=ID",
                            help="only this project's; IDs may be names in it")  # fmt: skip
        parser.add_argument("--watch", action="store_true", help="list again every second, until Ctrl-C")
        parser.add_argument("--json", action="store_true", help="print one JSON object a line")

    def run(self, args: list[str], opts: Namespace) -> None:
        """Exit with 1 and a sentence for each source that cannot be had, with 2 where the usage is wrong."""
        settings = self.settings
        assert settings is not None  # noqa: S101 - set by Scrapy; for the type checker
        project = desk.named(opts.arguments, ("project",)).get("project", "")
        verb, *ids = desk.words(args) or [""]
        steers = verb in {*Verb, DROP}
        number = _number(Verb(verb), ids.pop() if len(ids) == 2 else "") if verb in RANGES else 0  # noqa: PLR2004
        if (opts.watch and (verb or opts.json)) or (opts.json and steers):
            raise UsageError("--watch is for the list alone, --json for looking", print_help=False)
        if ids and not steers:
            raise UsageError(f"there is no verb {verb}: {', '.join([*Verb, DROP])}", print_help=False)
        if steers != bool(ids):
            raise UsageError(f"write `scrapy sources {self.syntax()}`", print_help=False)
        parent = as_uuid(project or settings["DEFAULT_PROJECT"])
        only = parent if project else None  # a UUID alone says enough, unless a project is said as well
        if steers:
            named = {as_uuid(one, parent): one for one in ids}
            work = (
                _drop(settings, named, only)
                if verb == DROP
                else _steer(settings, Verb(verb), named, number, only)
            )
        elif verb:
            work = _show(settings, as_uuid(verb, parent), verb, only, as_json=opts.json)
        else:
            work = _look(settings, project, watch=opts.watch, as_json=opts.json)
        self.exitcode = desk.run(work)


def _number(verb: Verb, given: str) -> int:
    lowest, highest = RANGES[verb]
    if not given.isdecimal() or not lowest <= int(given[:12]) <= highest:
        raise UsageError(f"{verb} takes one ID and a number from {lowest} to {highest}", print_help=False)
    return int(given)
