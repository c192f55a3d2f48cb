"""A worker's parser processes: one at first, more when all are busy. A lost process is replaced."""

import asyncio
from functools import cache
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError
from scrapy import signals
from scrapy.crawler import Crawler

from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.per_crawler import PerCrawler
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sandbox import wire
from alonchat_crawl.sandbox.process import Process, ProcessLimits
from alonchat_crawl.sandbox.wire import Reply
from alonchat_crawl.sandbox.work_slots import WorkSlots

TABLE = "alonchat_crawl.sandbox.tasks"
TASKS_MAX = 10_000
"""Most tasks of one process, so that what a task leaves behind, by malice or mistake, does not last. A page
takes four tasks; starting a process takes as long as a hundred pages."""
GIVEN = frozenset(
    {Reason.EXTRACT, Reason.SITEMAP, Reason.ZIP_BOMB, Reason.XML_BOMB}
    | {Reason.FILE_EMPTY, Reason.FILE_TYPE, Reason.FILE_MALFORMED, Reason.FILE_ENCRYPTED}
    | {Reason.FILE_WITHOUT_TEXT, Reason.ARCHIVE_MALFORMED, Reason.ARCHIVE_ENCRYPTED}
    | {Reason.ARCHIVE_TOO_MANY_FILES}
)
"""The reasons that a parser may give. A hijacked parser must not call a page gone (`http 404`)."""


class Sandbox(PerCrawler):
    """Runs tasks in confined processes. If a task breaks its process, only that task is lost.

    A lost task is not retried: the same input would break the next process as well.
    """

    def __init__(self, processes: int, memory_mb: int, seconds: float, table: str = TABLE) -> None:
        self._limits = ProcessLimits(table, memory_mb * 1024 * 1024, seconds)
        self._slots = WorkSlots(processes)
        self._idle: list[Process] = []
        self._endings: set[asyncio.Task[None]] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Start a process when the spider opens."""
        settings = crawler.settings
        sandbox = cls(
            settings.getint("PARSER_PROCESSES"),
            settings.getint("PARSER_MEMORY_MB"),
            settings.getfloat("PARSER_SECONDS"),
        )
        crawler.signals.connect(sandbox.start, signals.spider_opened)
        return sandbox

    async def start(self) -> None:
        """Start a process before it is needed, without waiting for it."""
        if not self._idle:
            self._idle.append(Process(self._limits))

    async def run(self, task: str, **arguments: Any) -> Any:
        """Run a task of the table (see tasks.py) and return its result, as msgpack carries it.

        Raises the GiveUp that the task raises; GiveUp for PARSER_TIMEOUT, PARSER_MEMORY and PARSER_CRASH;
        Outage if no process can be started.
        """
        async with self._slots.slot(len(arguments.get("body", b""))):
            request = wire.pack((task, arguments))  # only now, so that waiting bodies are not held twice
            if len(request) > wire.REQUEST_MAX_BYTES:
                raise GiveUp(Reason.PARSER_MEMORY, f"It is larger than {wire.REQUEST_MAX_BYTES} bytes.")
            process = self._idle.pop() if self._idle else Process(self._limits)
            again = False
            try:
                reply = await process.ask(request)
                again = reply.again and process.tasks < TASKS_MAX
            finally:  # also if the task was cancelled: its process is still working on it
                if again:
                    self._idle.append(process)
                else:
                    self._end(process)
        return _result(reply)

    async def close(self) -> None:
        """End all processes at once."""
        while self._idle:
            self._end(self._idle.pop())
        await asyncio.gather(*self._endings)

    def _end(self, process: Process) -> None:
        ending = asyncio.create_task(process.end())
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)


def _result(reply: Reply) -> Any:
    match reply.kind:
        case wire.RESULT:
            return reply.value
        case wire.REASON:
            spelling, detail = reply.value
            raise _given(spelling, detail)
        case wire.MEMORY:
            raise GiveUp(Reason.PARSER_MEMORY, "Parsing it took too much memory.")
        case _:
            raise GiveUp(Reason.PARSER_CRASH, f"Its parser raised {str(reply.value)[:100]}.")


def _given(spelling: str, detail: str) -> GiveUp:
    reason = Reason.known(spelling)
    if reason in GIVEN:
        return GiveUp(reason, detail)
    return GiveUp(
        Reason.PARSER_CRASH, f"Its parser gave a reason that is none of its own: {spelling[:100]!r}."
    )


def typed(kind: Any, value: Any) -> Any:
    """Return a result as the dataclass `kind` that was sent. Raises GiveUp if it does not fit."""
    try:
        return _adapter(kind).validate_python(value)
    except ValidationError as error:
        raise GiveUp(Reason.PARSER_CRASH, f"Its parser answered what it must not: {error.title}.") from None


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
