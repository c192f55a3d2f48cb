"""Places for work at once, of which large work never takes the last: what is small need not wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SMALL_BYTES = 1024 * 1024
"""What is larger is large: a page hardly ever is."""


class Places:
    """So many places; with a single one, everybody waits for it."""

    def __init__(self, places: int) -> None:
        self._all = asyncio.Semaphore(places)
        self._large = asyncio.Semaphore(max(1, places - 1))

    @asynccontextmanager
    async def place(self, size: int) -> AsyncIterator[None]:
        """Hold a place for work on so many bytes."""
        if size <= SMALL_BYTES:
            async with self._all:
                yield
            return
        async with self._large, self._all:
            yield
