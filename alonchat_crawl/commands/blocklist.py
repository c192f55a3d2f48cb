"""`scrapy blocklist`: what must not be fetched, for one project or for all; and what a URL is blocked by."""

from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from uuid import UUID

from psycopg_pool import AsyncConnectionPool
from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings

from alonchat_crawl.commands import desk
from alonchat_crawl.commands.desk import UnableError, printable
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.policies.blocklists.files import BlocklistFiles
from alonchat_crawl.policies.blocklists.formats import read_line
from alonchat_crawl.policies.blocklists.live import Blocklists
from alonchat_crawl.policies.blocklists.policy import comparable
from alonchat_crawl.policies.blocklists.rule import LineError, Rule, TooWideError, UnsupportedLineError
from alonchat_crawl.policies.blocklists.rule_set import Target
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.storage.blocklist import add_rules, has_project, read_rules, remove_rules

VERBS = ("add", "remove", "check")
COLUMNS = ("rule", "holds for", "since")


class Command(ScrapyCommand):
    """Lists, adds and removes rules; tells whether URLs are blocked."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Stand in the usage."""
        return "[-a project=ID] [add RULE… | remove RULE… | check URL…]"

    def short_desc(self) -> str:
        """Stand in the list of commands."""
        return "Block sites, URLs and networks, for one project or for all"

    def long_desc(self) -> str:
        """Stand in the help."""
        return (
            "Without a verb, list the files of BLOCKLIST_FILES and the rules in Postgres. `add` and `remove` "
            "change those: for one project with -a project=, otherwise for all. Workers follow within "
            "BLOCKLIST_RELOAD_SECONDS. `check` tells which list a URL is on. A RULE is a line as in a file: "
            "bad.example (with all below it), '0.0.0.0 bad.example' (that host alone), 192.0.2.0/24, "
            "https://bad.example/page (that URL alone), '||bad.example/path*'; '@@' before one makes an "
            "exception from its list, and among the rules for all from the files as well."
        )

    def add_options(self, parser: ArgumentParser) -> None:
        """Add -a to Scrapy's own."""
        super().add_options(parser)
        parser.add_argument("-a", dest="arguments", action="append", default=[], metavar="project=ID",
                            help="of this project alone")  # fmt: skip

    def run(self, args: list[str], opts: Namespace) -> None:
        """Exit with 1 and one sentence where it cannot be done, with 2 where the usage is wrong."""
        assert self.settings is not None  # noqa: S101 - set by Scrapy; for the type checker
        project = desk.named(opts.arguments, ("project",)).get("project", "")
        verb, *given = desk.words(args) or [""]
        if verb and (verb not in VERBS or not given):
            raise UsageError(f"write `scrapy blocklist {self.syntax()}`", print_help=False)
        if verb == "check":
            work = _check(self.settings, project, given)
        elif verb:
            work = _change(self.settings, project, verb, [rule for line in given for rule in _rules(line)])
        else:
            work = _list(self.settings, project)
        self.exitcode = desk.run(work)


def _rules(line: str) -> Sequence[Rule]:
    try:
        rules = read_line(line)
    except TooWideError:
        raise UsageError(f"{printable(line)} would block far too much", print_help=False) from None
    except UnsupportedLineError:
        raise UsageError(
            f"{printable(line)} is a rule for ad blockers only: block a host, a network, or URLs by how they "
            "begin ('||bad.example/path*')",
            print_help=False,
        ) from None
    except LineError:
        rules = ()
    if not rules:
        raise UsageError(f"{printable(line)} is no rule that can be read", print_help=False)
    return rules


@asynccontextmanager
async def _postgres(
    settings: BaseSettings, project: str
) -> AsyncIterator[tuple[AsyncConnectionPool, UUID | None]]:
    """Open the pool; yield it with the project's id, None for all. Raises UnableError for an unknown one."""
    connections = Connections(settings)
    try:
        pool = await connections.postgres()
        project_id = as_uuid(project) if project else None
        if project_id is not None and not await has_project(pool, project_id):
            raise UnableError(f"There is no project {project}.")
        yield pool, project_id
    finally:
        await connections.close()


async def _change(settings: BaseSettings, project: str, verb: str, rules: Sequence[Rule]) -> int:
    lines = list(dict.fromkeys(map(str, rules)))
    async with _postgres(settings, project) as (pool, project_id):
        change = add_rules if verb == "add" else remove_rules
        done = await change(pool, project_id, lines)
    whose = f"of project {project}" if project else "for all projects"
    did = "added to" if verb == "add" else "removed from"
    print(printable(f"{done} of {len(lines)} rules {did} the list {whose}: {', '.join(lines)}"))
    return 0


async def _list(settings: BaseSettings, project: str) -> int:
    rows: list[tuple[object, ...]] = []
    if not project:
        files = BlocklistFiles(settings.getlist("BLOCKLIST_FILES"))
        files.load()
        rows += [(one.path, "all projects", str(one.report)) for one in files.lists]
    async with _postgres(settings, project) as (pool, project_id):
        async for batch in read_rules(pool, project_id):
            rows += [
                (one.rule, one.project_name or "all projects", f"{one.created_at:%Y-%m-%d %H:%M}")
                for one in batch
            ]
    console = desk.console()
    console.print(desk.table(COLUMNS, rows, console.width) if rows else "There is no rule yet.")
    return 0


async def _check(settings: BaseSettings, project: str, urls: Sequence[str]) -> int:
    connections = Connections(settings)
    try:
        lists = Blocklists.from_settings(settings, connections)
        await lists.ready()
        for url in urls:
            try:
                target = Target.of_url(comparable(url if "://" in url else f"https://{url}"))
            except ValueError:
                raise UnableError(f"{url} is no URL that can be compared.") from None
            found = lists.match(target, as_uuid(project) if project else None)
            print(printable(f"{url}: {'not blocked' if found is None else f'blocked: it {found}'}"))
    finally:
        await connections.close()
    return 0
