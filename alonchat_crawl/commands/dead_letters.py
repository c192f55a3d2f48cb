"""`scrapy dead_letters`: what was given up, and why; to be replayed or dropped."""

import json
from argparse import ArgumentParser, Namespace
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from rich.text import Text
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings

from alonchat_crawl.commands import desk
from alonchat_crawl.commands.desk import hidden, printable
from alonchat_crawl.control.closing import close_or_set_aside
from alonchat_crawl.errors import Unreadable
from alonchat_crawl.frontier.dead_letters import DeadLetter, DeadLetters, LetterFilter
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import Replayed
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.sources import Kind
from alonchat_crawl.storage.sources import Pool, reopen_crawl
from alonchat_crawl.upload_urls import UPLOAD

VERBS = ("list", "show", "replay", "drop")
COLUMNS = ("id", "when (UTC)", "project", "source", "reason", "attempts", "url or seed")
SHOWN = 100  # the newest, in a table that no -n is given for
SEED_CHARS = 100  # of a seed, in a table
AT_ONCE = 100  # replayed in one call: some milliseconds of the server's time

NOT_QUEUED = {
    Replayed.SOURCE_UNKNOWN: "their source is no longer known; seed it again",
    Replayed.NEWER_CRAWL: "a newer crawl of their source has begun, which finds them by itself; drop them",
    Replayed.UNREADABLE: "they cannot be read, or nothing can be made of them; look at them, and drop them",
    Replayed.TOO_LONG: "their messages were too long to be kept whole; push them anew, shorter",
    Replayed.ORDER: "they are orders, and would act on what is crawled by now; push them anew",
    Replayed.LIMIT_REACHED: "their source has as many pages as it may; seed it again with a higher max_pages",
    Replayed.ENDING: "their source is about to end, or was cancelled; seed it again when it is done",
    Replayed.LETTER_UNKNOWN: "somebody else replayed or dropped them meanwhile",
}


def _kept(letter: DeadLetter) -> dict[str, Any]:
    """What else is needed to replay it: a seed's list, or how its source came to the URL."""
    kept = {name: value for name, value in letter.details.items() if name not in {"failures", "seed", "head"}}
    return kept | {"kind": Kind(kept["kind"]).name.lower()} if "kind" in kept else kept


def _is_of_files(letter: DeadLetter) -> bool:
    """Whether it may hold an upload's URL, whose query is a key."""
    kept = letter.details or {}
    return kept.get("kind") == Kind.FILE or UPLOAD in str(kept.get("key", ""))


def _as_json(letter: DeadLetter) -> str:
    said = partial(hidden, files=_is_of_files(letter))
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
    what = printable(letter.url or letter.seed[: SEED_CHARS * 4], files=_is_of_files(letter))
    what = what if letter.url else what[:SEED_CHARS]  # printing has made it shorter
    when = f"{letter.failures[-1].at:%Y-%m-%d %H:%M:%S}"
    return letter.id, when, letter.project, letter.source, letter.reason, len(letter.failures), what


def _whole(letter: DeadLetter) -> Text:
    facts = {"url": letter.url, "seed": letter.seed, "project": letter.project, "source": letter.source}
    said = partial(printable, files=_is_of_files(letter))
    text = Text.assemble((letter.id, "bold"), f"  {printable(letter.reason)}\n")
    for name, value in (facts | _kept(letter)).items():
        if value != "":
            text.append(f"  {name:<8}", style="dim").append(f" {said(value)}\n")
    for number, one in enumerate(letter.failures, 1):
        text.append(f"  {number}. {one.at:%Y-%m-%d %H:%M:%S} UTC  ", style="dim")
        text.append(f"{printable(one.reason)}: {said(one.detail)}\n")
    return text


async def _list(settings: BaseSettings, wanted: LetterFilter, most: int | None, *, as_json: bool) -> int:
    meant = total = 0
    newest: deque[DeadLetter] = deque(maxlen=most or SHOWN)
    async with desk.frontier(settings) as (shards, _):
        letters = DeadLetters(shards)
        async for letter in letters.find(LetterFilter()):
            total += 1
            if wanted.matches(letter):
                meant += 1
                newest.append(letter)
                if as_json and most is None:
                    print(_as_json(letter))
        evicted = await letters.evicted()
    if as_json:
        for letter in newest if most else ():
            print(_as_json(letter))
        return 0
    out = desk.console()
    if newest:
        out.print(desk.table(COLUMNS, [_row(letter) for letter in newest], out.width))
    cut = f", the newest {len(newest)} shown" if len(newest) < meant else ""
    fell = f"; {evicted} older ones fell out" if evicted else ""
    out.print(f"{meant} of {total} dead letters{cut}{fell}." if total or evicted else "No dead letters.")
    return 0


async def _chosen(
    letters: DeadLetters, ids: Sequence[str], wanted: LetterFilter, missing: list[str]
) -> AsyncIterator[list[DeadLetter]]:
    """The letters that are meant, some at a time; ids that are none of them go to `missing`."""
    batch: list[DeadLetter] = []
    for letter_id in ids:
        found = await letters.get(letter_id)
        if found is None or not wanted.matches(found):
            desk.complain(f"There is no such dead letter: {letter_id}")
            missing.append(letter_id)
        else:
            batch.append(found)
    if not ids:
        async for found in letters.find(wanted):
            batch.append(found)
            if len(batch) == AT_ONCE:
                yield batch
                batch = []
    if batch:
        yield batch


async def _show(settings: BaseSettings, ids: Sequence[str], *, as_json: bool) -> int:
    missing: list[str] = []
    out = desk.console()
    async with desk.frontier(settings) as (shards, _):
        async for batch in _chosen(DeadLetters(shards), ids, LetterFilter(), missing):
            for letter in batch:
                print(_as_json(letter)) if as_json else out.print(_whole(letter), soft_wrap=True)
    return 1 if missing else 0


async def _drop(settings: BaseSettings, ids: Sequence[str], wanted: LetterFilter) -> int:
    dropped, missing = 0, list[str]()
    async with desk.frontier(settings) as (shards, _):
        letters = DeadLetters(shards)
        async for batch in _chosen(letters, ids, wanted, missing):
            dropped += await letters.drop(batch)
    print(f"{dropped} dropped.")
    return 1 if missing else 0


async def _replay(settings: BaseSettings, ids: Sequence[str], wanted: LetterFilter) -> int:
    told, missing = Counter[Replayed](), list[str]()
    async with desk.frontier(settings) as (shards, connections):
        pool, letters = await connections.postgres(), DeadLetters(shards)
        try:
            async for batch in _chosen(letters, ids, wanted, missing):
                codes = await letters.replay(batch)
                told.update(code for _, code in codes)
                for source in {one.source for one, code in codes if code is Replayed.QUEUED} - {""}:
                    await _reopen(shards, pool, UUID(source))
        finally:
            print(f"{told[Replayed.QUEUED]} queued.")
            for code, why in NOT_QUEUED.items():
                if told[code]:
                    desk.complain(f"{told[code]} not queued: {why}.")
    return 0 if told.total() == told[Replayed.QUEUED] and not missing else 1


async def _reopen(shards: Shards, pool: Pool, source_id: UUID) -> None:
    """Note in Postgres that the source runs again; should it be done by then, that it has ended again.

    Not noted before: were this process killed in between, nobody would ever write its end.
    """
    try:
        if (found := await shards.find(source_id)) is None:
            return
        queue, progress = found
        await reopen_crawl(pool, progress.source)
        now = await queue.progress(source_id)
    except Unreadable as error:  # the others are reopened all the same
        desk.complain(error.detail)
        return
    if now is not None and now.state in {"completed", "cancelled"}:
        await close_or_set_aside(shards, queue, pool, source_id)


class Command(ScrapyCommand):
    """Lists dead letters, shows them whole, replays or drops them."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Stand in the usage."""
        return "[options] [list | show ID… | replay ID… | drop ID…]"

    def short_desc(self) -> str:
        """Stand in the list of commands."""
        return "List, replay or drop what was given up"

    def add_options(self, parser: ArgumentParser) -> None:
        """Add -a, -n, --all and --json to Scrapy's own."""
        super().add_options(parser)
        parser.add_argument("-a", dest="arguments", action="append", default=[], metavar="NAME=VALUE",
                            help="project=, source=, reason=: those to which all applies")  # fmt: skip
        parser.add_argument("-n", dest="count", type=int, metavar="N", help="list the newest N")
        parser.add_argument("--all", action="store_true", help="replay or drop all that there are")
        parser.add_argument("--json", action="store_true", help="print one JSON object a line")

    def run(self, args: list[str], opts: Namespace) -> None:
        """Exit with 1 and a sentence for what cannot be had or done, with 2 where the usage is wrong."""
        assert self.settings is not None  # noqa: S101 - set by Scrapy; for the type checker
        given = desk.named(opts.arguments, ("project", "source", "reason"))
        verb, *rest = desk.words(args) or ["list"]
        ids = list(dict.fromkeys(rest))
        self._check(verb, ids, bool(given), opts)
        wanted = _filter(given, self.settings["DEFAULT_PROJECT"])
        match verb:
            case "list":
                work = _list(self.settings, wanted, opts.count, as_json=opts.json)
            case "show":
                work = _show(self.settings, ids, as_json=opts.json)
            case "replay":
                work = _replay(self.settings, ids, wanted)
            case _:
                work = _drop(self.settings, ids, wanted)
        self.exitcode = desk.run(work)

    def _check(self, verb: str, ids: Sequence[str], filtered: bool, opts: Namespace) -> None:  # noqa: FBT001
        looks = verb in {"list", "show"}
        for wrong, sentence in (
            (verb not in VERBS, f"write `scrapy dead_letters {self.syntax()}`"),
            (verb == "list" and ids, "list takes no IDs; show does"),
            (verb == "show" and (not ids or filtered), "show takes IDs, and nothing else"),
            (opts.count is not None and (verb != "list" or opts.count < 1), "list takes an N of at least 1"),
            (opts.json and not looks, "--json is for list and show"),
            (opts.all and (looks or ids or filtered), "--all is for replay and drop, and stands alone"),
            (
                not looks and not (ids or filtered or opts.all),
                f"say which to {verb}: IDs, -a project=, -a source=, -a reason=, or --all",
            ),
        ):
            if wrong:
                raise UsageError(sentence, print_help=False)


def _filter(given: Mapping[str, str], default_project: str) -> LetterFilter:
    """Names stand for UUIDs as in a seed: a project's, and in the project a source's."""
    project, source = given.get("project", ""), given.get("source", "")
    parent = as_uuid(project or default_project)
    return LetterFilter(
        project=str(parent) if project else "",
        source=str(as_uuid(source, parent)) if source else "",
        reason=given.get("reason", ""),
    )
