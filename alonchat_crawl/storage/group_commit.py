"""Commits pages in groups: pages that arrive while one group is committed form the next group."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from alonchat_crawl.errors import Outage
from alonchat_crawl.items import EmbeddedPage, StoredPage
from alonchat_crawl.reasons import Reason

Write = Callable[[Sequence[EmbeddedPage]], Awaitable[list[StoredPage]]]
Waiting = tuple[EmbeddedPage, asyncio.Future[StoredPage]]


class GroupCommit:
    """Stores pages. A page waits only for groups that are being written; on a quiet worker, for none."""

    def __init__(self, write: Write, group_windows: int, writers: int) -> None:
        self._write = write
        self._group_windows = group_windows
        self._waiting: deque[Waiting] = deque()
        self._free_writers = writers
        self._tasks: set[asyncio.Task[None]] = set()

    async def store(self, page: EmbeddedPage) -> StoredPage:
        """Return when the page is committed. Raises what `write` raises for this page."""
        stored: asyncio.Future[StoredPage] = asyncio.get_running_loop().create_future()
        self._waiting.append((page, stored))
        if self._free_writers:
            self._free_writers -= 1
            task = asyncio.create_task(self._drain())
            self._tasks.add(task)  # else the task could be garbage collected
            task.add_done_callback(self._tasks.discard)
        return await stored

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._commit(self._group())
        finally:
            self._free_writers += 1

    def _group(self) -> list[Waiting]:
        """Take pages with up to `group_windows` windows in total, but at least one page."""
        group, windows = [self._waiting.popleft()], 0
        while self._waiting:
            windows += _windows(group[-1][0])
            if windows + _windows(self._waiting[0][0]) > self._group_windows:
                break
            group.append(self._waiting.popleft())
        return group

    async def _commit(self, group: Sequence[Waiting]) -> None:
        try:
            stored = await self._write([page for page, _ in group])
        except Exception as error:  # noqa: BLE001  each page gets its own error; the writer goes on
            if len(group) > 1 and not isinstance(error, Outage):  # one page must not fail the others
                for waiting in group:
                    await self._commit([waiting])
                return
            _fail(group, error)
        except BaseException:
            _fail([*group, *self._waiting], Outage(Reason.POSTGRES, "The worker is stopping."))
            self._waiting.clear()
            raise
        else:
            for (_, future), page in zip(group, stored, strict=True):
                if not future.done():
                    future.set_result(page)


def _windows(page: EmbeddedPage) -> int:
    return sum(1 if each.vectors is None else len(each.vectors) for each in page.chunks)


def _fail(group: Sequence[Waiting], error: Exception) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(error)
