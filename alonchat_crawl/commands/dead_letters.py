"""`scrapy dead_letters`: see what was given up, and why; replay or drop it."""

import json
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Collection
from functools import partial
from typing import Any
from uuid import UUID

from rich.text import Text
from scrapy.exceptions import UsageError

from alonchat_crawl.control.verbs import dead_letters
from alonchat_crawl.control.verbs.names import find_project_id, find_source_id
from alonchat_crawl.fetch.files.upload_urls import UPLOAD
from alonchat_crawl.frontier.dead_letters import DeadLetter, DeadLetters, LetterFilter
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Replayed
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.operations.terminal.arguments import add_names, named, whole_number
from alonchat_crawl.operations.terminal.command import OperatorCommand, Servers, SubCommand
from alonchat_crawl.operations.terminal.console import complain, wide_stdout
from alonchat_crawl.operations.terminal.table import Column, table
from alonchat_crawl.operations.terminal.terminal_text import terminal_text, without_secrets
from alonchat_crawl.sources import Kind

COLUMNS = (
    Column("id"),
    Column("when (UTC)", left_out=1),
    Column("project", left_out=3),
    Column("source"),
    Column("reason", least=14),
    Column("attempts", left_out=4),
    Column("url or seed", least=22),
)
SHOWN = 100
"""Rows of the table, if no -n is given."""
SEED_CHARS = 100
"""Characters of a seed in the table."""
NAMES = ("project", "source", "reason")
NOT_QUEUED = {
    Replayed.SOURCE_UNKNOWN: "their source is no longer known; seed it again",
    Replayed.NEWER_CRAWL: "a newer crawl of their source has begun, which finds them by itself; drop them",
    Replayed.UNREADABLE: "they cannot be read, or are nothing to replay; look at them, then drop them",
    Replayed.TOO_LONG: "their messages were too long to be kept whole; push shorter ones",
    Replayed.ORDER: "they are orders, which would act on what is crawled now; push new ones",
    Replayed.LIMIT_REACHED: "their source has as many pages as it may; seed it again with a higher max_pages",
    Replayed.ENDING: "their source is about to end, or was cancelled; seed it again when it is done",
    Replayed.LETTER_UNKNOWN: "somebody else replayed or dropped them meanwhile",
}


class Command(OperatorCommand):
    summary = "List, replay or drop what was given up"
    usage = "[options] [list | show ID… | replay ID… | drop ID…]"

    def default(self) -> SubCommand:
        return SubCommand("list", "List the newest", _list, _list_options)

    def subcommands(self) -> tuple[SubCommand, ...]:
        return (
            self.default(),
            SubCommand("show", "Show every attempt", _show, _show_options),
            SubCommand(
                "replay", "Queue URLs again, push seeds back to their lists", _replay, _choose_options
            ),
            SubCommand("drop", "Forget them", _drop, _choose_options),
        )


def _list_options(parser: ArgumentParser) -> None:
    _names_option(parser)
    parser.add_argument("-n", dest="n", type=whole_number(1, 10**9), metavar="N",
                        help="the newest N (default: 100)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def _show_options(parser: ArgumentParser) -> None:
    parser.add_argument("ids", metavar="ID", nargs="+")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def _choose_options(parser: ArgumentParser) -> None:
    _names_option(parser)
    parser.add_argument("ids", metavar="ID", nargs="*")
    parser.add_argument("--all", action="store_true", help="all dead letters")


def _names_option(parser: ArgumentParser) -> None:
    meaning = "only those of project=ID, source=ID, reason=REASON; may be repeated"
    add_names(parser, meaning=meaning, metavar="NAME=VALUE")


async def _list(opts: Namespace, servers: Servers) -> int:
    given = named(opts.arguments, NAMES)
    shards = await servers.frontier()
    wanted = await _filter(given, servers, shards)
    if opts.json and opts.n is None:
        async for letter in DeadLetters(shards).find(wanted):
            print(_as_json(letter))
        return 0
    found = await dead_letters.newest(shards, wanted, opts.n or SHOWN)
    if opts.json:
        for letter in found.letters:
            print(_as_json(letter))
        return 0
    out = wide_stdout()
    if found.letters:
        out.print(table(COLUMNS, [_row(letter) for letter in found.letters], out.width))
    cut = f", the newest {len(found.letters)} shown" if len(found.letters) < found.matching else ""
    fell = f"; {found.evicted} older ones fell out" if found.evicted else ""
    said = f"{found.matching} of {found.total} dead letters{cut}{fell}."
    out.print(said if found.total or found.evicted else "No dead letters.")
    return 0


async def _show(opts: Namespace, servers: Servers) -> int:
    out, code = wide_stdout(), 0
    shards = await servers.frontier()
    async for letters, missing in dead_letters.chosen(shards, opts.ids, LetterFilter()):
        code = _say_missing(missing) or code
        for letter in letters:
            print(_as_json(letter)) if opts.json else out.print(_whole(letter), soft_wrap=True)
    return code


async def _drop(opts: Namespace, servers: Servers) -> int:
    given = _choice("drop", opts)
    shards = await servers.frontier()
    wanted = await _filter(given, servers, shards)
    dropped = code = 0
    async for letters, missing in dead_letters.chosen(shards, opts.ids, wanted):
        code = _say_missing(missing) or code
        dropped += await dead_letters.drop(shards, letters)
    print(f"{dropped} dropped.")
    return code


async def _replay(opts: Namespace, servers: Servers) -> int:
    given = _choice("replay", opts)
    shards, pool = await servers.frontier(), await servers.postgres()
    wanted = await _filter(given, servers, shards)
    told, code = Counter[Replayed](), 0
    try:
        async for letters, missing in dead_letters.chosen(shards, opts.ids, wanted):
            code = _say_missing(missing) or code
            codes, unreadable = await dead_letters.replay(shards, pool, letters)
            told.update(codes)
            for sentence in unreadable:
                complain(sentence)
    finally:
        print(f"{told[Replayed.QUEUED]} queued.")
        for why, sentence in NOT_QUEUED.items():
            if told[why]:
                complain(f"{told[why]} not queued: {sentence}.")
    return code if told.total() == told[Replayed.QUEUED] else 1


def _choice(verb: str, opts: Namespace) -> dict[str, str]:
    """What -a gives. Raises UsageError if it is not clear which letters are meant."""
    given = named(opts.arguments, NAMES)
    if opts.all and (opts.ids or given):
        raise UsageError("give --all alone, without IDs and without -a", print_help=False)
    if not (opts.ids or given or opts.all):
        raise UsageError(
            f"say which to {verb}: IDs, -a project=, -a source=, -a reason=, or --all", print_help=False
        )
    return given


def _say_missing(ids: Collection[str]) -> int:
    for letter_id in ids:
        complain(f"There is no such dead letter: {letter_id}")
    return 1 if ids else 0


async def _filter(given: dict[str, str], servers: Servers, shards: Shards) -> LetterFilter:
    """The letters that -a means. A project or source may be given by its name, as in a seed."""
    project, source = given.get("project", ""), given.get("source", "")
    only = await find_project_id(servers.postgres, project) if project else None
    parent = only or as_uuid(servers.settings["DEFAULT_PROJECT"])
    return LetterFilter(
        project=str(only or ""),
        source=str(await find_source_id(shards, servers.postgres, source, parent, only)) if source else "",
        reason=given.get("reason", ""),
    )


def _kept(letter: DeadLetter) -> dict[str, Any]:
    """Details that a replay needs: a seed's list, or how the source came to the URL."""
    kept = {name: value for name, value in letter.details.items() if name not in {"failures", "seed", "head"}}
    return kept | {"kind": Kind(kept["kind"]).name.lower()} if "kind" in kept else kept


def _is_of_files(letter: DeadLetter) -> bool:
    """Whether it may hold the URL of an upload's file, whose query may be a key."""
    kept = letter.details or {}
    return kept.get("kind") == Kind.FILE or UPLOAD in str(kept.get("key", ""))


def _as_json(letter: DeadLetter) -> str:
    said = partial(without_secrets, files=_is_of_files(letter))
    failures = [
        {"at": one.at.isoformat(), "reason": one.reason, "detail": said(one.detail)}
        for one in letter.failures
    ]
    return json.dumps(
        {"id": letter.id, "at": failures[-1]["at"], "project": letter.project, "source": letter.source,
         "url": said(letter.url), "seed": said(letter.seed), "reason": letter.reason,
         "failures": failures, **_kept(letter)}
    )  # fmt: skip


def _row(letter: DeadLetter) -> tuple[object, ...]:
    what = terminal_text(letter.url or letter.seed[: SEED_CHARS * 4], files=_is_of_files(letter))
    what = what if letter.url else what[:SEED_CHARS]  # cut again: hiding a secret may have changed its length
    return (
        letter.id, letter.failures[-1].at, _id(letter.project), _id(letter.source), letter.reason,
        len(letter.failures), what,
    )  # fmt: skip


def _id(text: str) -> UUID | str:
    """A UUID, which the table can shorten; anything else stays as it is."""
    try:
        return UUID(text)
    except ValueError:
        return text


def _whole(letter: DeadLetter) -> Text:
    facts = {"url": letter.url, "seed": letter.seed, "project": letter.project, "source": letter.source}
    said = partial(terminal_text, files=_is_of_files(letter))
    text = Text.assemble((letter.id, "bold"), f"  {terminal_text(letter.reason)}\n")
    for name, value in (facts | _kept(letter)).items():
        if value != "":
            text.append(f"  {name:<8}", style="dim").append(f" {said(value)}\n")
    for number, one in enumerate(letter.failures, 1):
        text.append(f"  {number}. {one.at:%Y-%m-%d %H:%M:%S} UTC  ", style="dim")
        text.append(f"{terminal_text(one.reason)}: {said(one.detail)}\n")
    return text
