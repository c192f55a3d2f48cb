"""A crawler's blocklists, reloaded while it runs. If a list cannot be reloaded, the last one is kept."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import Self
from uuid import UUID

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.settings import BaseSettings

from alonchat_crawl.errors import Outage, ReasonedError, StartupError
from alonchat_crawl.per_crawler import PerCrawler
from alonchat_crawl.policies.blocklists.files import BlocklistFiles, FileChanges
from alonchat_crawl.policies.blocklists.lists import Match, RuleLists
from alonchat_crawl.policies.blocklists.reader import ListReader
from alonchat_crawl.policies.blocklists.rule_set import RuleSet, Target
from alonchat_crawl.reasons import Reason
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.storage.blocklist import RuleRecord, read_revision, read_rules

logger = logging.getLogger(__name__)

Readers = defaultdict[UUID | None, ListReader]


class Blocklists(PerCrawler):
    """Reads the files at once, Postgres before the first request, and both again every `reload_seconds`."""

    def __init__(self, files: BlocklistFiles, connections: Connections, reload_seconds: float) -> None:
        self.lists = RuleLists()
        self._files = files
        self._connections = connections
        self._reload_seconds = reload_seconds
        self._revision: int | None = None
        """Revision of the rules read from Postgres; None before the first read."""
        self._loading: asyncio.Task[None] | None = None
        self._keeping_up: asyncio.Task[None] | None = None
        self._take_files(files.load())

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Reload while the spider is open. Raises StartupError if a file cannot be read."""
        blocklists = cls.from_settings(crawler.settings, Connections.of(crawler))
        crawler.signals.connect(blocklists.start, signals.spider_opened)
        crawler.signals.connect(blocklists.stop, signals.spider_closed)
        return blocklists

    @classmethod
    def from_settings(cls, settings: BaseSettings, connections: Connections) -> Self:
        """Read the files. Raises StartupError if one cannot be read."""
        files = BlocklistFiles(settings.getlist("BLOCKLIST_FILES"))
        return cls(files, connections, settings.getfloat("BLOCKLIST_RELOAD_SECONDS"))

    def match(self, target: Target, project_id: UUID | None = None) -> Match | None:
        """Return the rule that blocks a target, or None. Await `ready` first."""
        return self.lists.match(target, project_id)

    def blocks_address(self, text: str) -> bool:
        """Whether an address is blocked for all projects. Text that is no address is blocked."""
        try:
            address = ip_address(text.partition("%")[0])
        except ValueError:
            return True
        return self.lists.match(Target(addresses=(address,))) is not None

    async def ready(self) -> None:
        """Return as soon as the rules in Postgres are known. Raises Outage if Postgres is away."""
        if self._revision is not None:
            return
        if self._loading is None:
            self._loading = asyncio.create_task(self._load_rules())
            self._loading.add_done_callback(self._loaded)
        await asyncio.shield(self._loading)  # others wait for it too

    def _loaded(self, task: asyncio.Task[None]) -> None:
        self._loading = None
        if not task.cancelled():
            task.exception()  # mark it as retrieved: `ready` raises it

    def start(self) -> None:
        """Start reloading."""
        self._keeping_up = asyncio.create_task(self._keep_up())

    def stop(self) -> None:
        """Stop reloading."""
        for task in (self._keeping_up, self._loading):
            if task is not None:
                task.cancel()

    async def _keep_up(self) -> None:
        while True:
            await self.reload()  # at once, so that an idle worker's first request does not wait for Postgres
            await asyncio.sleep(self._reload_seconds)

    async def reload(self) -> None:
        """Read what has changed. A failure is logged, which counts it as an error."""
        try:
            self._take_files(await asyncio.to_thread(self._files.reload))
        except Exception:
            logger.exception("The blocklist files cannot be read: the last lists are kept")
        try:
            await self._load_rules()
        except ReasonedError as error:
            logger.warning(
                "The blocklists in Postgres cannot be read: the last ones are kept", exc_info=error
            )
        except Exception:
            logger.exception("The blocklists in Postgres cannot be read: the last ones are kept")

    def _take_files(self, look: FileChanges) -> None:
        for one in look.changed:
            logger.info("Blocklist %s: %s", one.path, one.report)
            if one.report.too_wide:
                examples = ", ".join(one.report.too_wide_examples)
                logger.warning("Blocklist %s: rules are ignored as too wide: %s", one.path, examples)
        for path in look.removed:
            logger.info("Blocklist %s is gone; its pattern still matches other files", path)
        for fault in look.faults:
            logger.warning("Blocklist: %s; the last version is kept", fault, exc_info=fault)
        files = tuple((one.path.name, one.rules) for one in self._files.lists)
        self.lists = replace(self.lists, files=files)

    async def _load_rules(self) -> None:
        """Read all rules from Postgres if any has changed. Raises ReasonedError."""
        try:
            pool = await self._connections.postgres()
        except StartupError as error:
            raise Outage(Reason.POSTGRES, str(error)) from error
        revision = await read_revision(pool)
        if revision == self._revision and revision >= 0:
            return
        readers: Readers = defaultdict(ListReader)
        async for batch in read_rules(pool):
            await asyncio.to_thread(_read, readers, batch)
        sets = await asyncio.to_thread(_finish, readers)
        _log_unusable(readers)
        for_all = sets.pop(None, None) or RuleLists().for_all
        projects = {project: rules for project, rules in sets.items() if project is not None}
        self.lists = replace(self.lists, for_all=for_all, projects=projects)
        self._revision = revision


def _read(readers: Readers, batch: Sequence[RuleRecord]) -> None:
    for record in batch:
        readers[record.project_id].read([record.rule])


def _finish(readers: Readers) -> dict[UUID | None, RuleSet]:
    return {project_id: reader.finish() for project_id, reader in readers.items()}


def _log_unusable(readers: Mapping[UUID | None, ListReader]) -> None:
    for project_id, reader in readers.items():
        report = reader.report
        if report.unreadable or report.unsupported or report.too_wide:
            whose = f"of project {project_id}" if project_id else "for all projects"
            logger.warning("The blocklist %s in Postgres has rules that cannot be used: %s", whose, report)
