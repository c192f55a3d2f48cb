"""Slots for concurrent work. Large work never takes the last slot, so small work need not wait for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SMALL_BYTES = 1024 * 1024
"""Work on more bytes is large, which pages hardly ever are."""


class WorkSlots:
    """A fixed number of slots. If there is only one, small and large work share it."""

    def __init__(self, slots: int) -> None:
        self._all = asyncio.Semaphore(slots)
        self._large = asyncio.Semaphore(max(1, slots - 1))

    @asynccontextmanager
    async def slot(self, size: int) -> AsyncIterator[None]:
        """Wait for a slot for work on `size` bytes, and hold it."""
        if size <= SMALL_BYTES:
            async with self._all:
                yield
            return
        async with self._large, self._all:
            yield
