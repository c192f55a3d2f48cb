"""Postgres' connections, asked whether they live only when there is a reason to doubt it."""

import select
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection, OperationalError
from psycopg_pool import AsyncConnectionPool

IDLE_SECONDS = 60.0


class CheckedPool(AsyncConnectionPool[AsyncConnection[Any]]):
    """Hands out no connection that is known to be dead, without a round trip for each.

    A server or pooler that ends closes its sockets, which is seen here for nothing. One that vanished without
    a word is asked: every connection, once, after an idle minute and after any of them broke.
    """

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, check=self._check, **options)
        self._handed_out: WeakKeyDictionary[AsyncConnection[Any], float] = WeakKeyDictionary()
        self._broke_at = 0.0

    async def putconn(self, conn: AsyncConnection[Any]) -> None:
        """Take a connection back; a broken one casts doubt on all that were handed out before."""
        if conn.broken:
            self._broke_at = monotonic()
        await super().putconn(conn)

    async def _check(self, connection: AsyncConnection[Any]) -> None:
        """Raise OperationalError where the connection is dead."""
        last = self._handed_out.get(connection, 0.0)
        if last <= max(self._broke_at, monotonic() - IDLE_SECONDS) or _spoken_to(connection):
            try:
                await self.check_connection(connection)
            except OperationalError:
                self._broke_at = monotonic()
                raise
        self._handed_out[connection] = monotonic()


def _spoken_to(connection: AsyncConnection[Any]) -> bool:
    """Whether the server has said something unasked: that it ends, most often."""
    sockets = select.poll()
    sockets.register(connection.fileno(), select.POLLIN)
    return bool(sockets.poll(0))
