"""A pool of Postgres connections that checks a connection only if there is reason to think it dead."""

import select
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection, OperationalError
from psycopg_pool import AsyncConnectionPool

IDLE_SECONDS = 60.0


class CheckedPool(AsyncConnectionPool[AsyncConnection[Any]]):
    """Hands out no dead connection, without a round trip for each use.

    A server or pooler that shuts down closes its sockets, which can be seen without a round trip. A server
    that vanishes does not. So a connection is checked after an idle minute, and all are after one broke.
    """

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, check=self._check, **options)
        self._handed_out: WeakKeyDictionary[AsyncConnection[Any], float] = WeakKeyDictionary()
        self._broke_at = 0.0

    async def putconn(self, conn: AsyncConnection[Any]) -> None:
        """Take a connection back. If it broke, each connection is checked before its next use."""
        if conn.broken:
            self._broke_at = monotonic()
        await super().putconn(conn)

    async def _check(self, connection: AsyncConnection[Any]) -> None:
        """Raise OperationalError if the connection is dead."""
        last = self._handed_out.get(connection, 0.0)
        if last <= max(self._broke_at, monotonic() - IDLE_SECONDS) or _has_news(connection):
            try:
                await self.check_connection(connection)
            except OperationalError:
                self._broke_at = monotonic()
                raise
        self._handed_out[connection] = monotonic()


def _has_news(connection: AsyncConnection[Any]) -> bool:
    """Whether the server has sent something unasked: mostly, that it is shutting down."""
    sockets = select.poll()
    sockets.register(connection.fileno(), select.POLLIN)
    return bool(sockets.poll(0))
