"""Serves the hostile site at several loopback addresses, and counts who comes to where nobody may."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from tests.sites.hostile.case import Reply, Route

HOSTS = ("127.0.0.1", *(f"127.0.1.{n}" for n in range(1, 40)))
"""Where it is; each address has a pace of its own, so slow attacks do not wait for each other."""
CANARIES = ("127.0.0.2", "::1")
"""On the same port, outside of the networks that may be asked."""

Answerer = Callable[[str, str], Route | None]
"""From a request's host (without its port) and path with query to its answer."""


class HostileServer:
    """A thread of its own; `asked` and `caught` may be read at any time."""

    def __init__(self) -> None:
        self.answer: Answerer = lambda _host, _path: None
        self.asked: list[tuple[str, str]] = []
        """(Host header without the port, path with query), in order."""
        self.caught: list[str] = []
        """Connections to the canaries."""
        first = _listener(HOSTS[0], 0)
        self.port: int = first.getsockname()[1]
        self._sockets = [first, *(_listener(host, self.port) for host in HOSTS[1:])]
        self._canaries = [_listener(host, self.port) for host in CANARIES]
        self.url = f"http://{HOSTS[0]}:{self.port}"

    @contextmanager
    def serving(self) -> Iterator["HostileServer"]:
        """Serve inside the `with`."""
        loop = asyncio.new_event_loop()
        thread = Thread(target=loop.run_forever, daemon=True)
        thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), loop).result(10)
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result(10)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()
            for one in (*self._sockets, *self._canaries):
                one.close()

    async def _start(self) -> None:
        for one in self._sockets:
            await asyncio.start_server(self._serve, sock=one, limit=1 << 20)
        for one in self._canaries:
            await asyncio.start_server(self._catch, sock=one)

    async def _catch(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.caught.append(str(writer.get_extra_info("sockname")))
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(
            OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError
        ):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ", 2)[1]
            named = next(line for line in head.split("\r\n") if line.lower().startswith("host:"))
            host = named[5:].strip().rpartition(":")[0]
            self.asked.append((host, path))
            async for piece in _pieces(self.answer(host, path)):
                writer.write(piece)
                await writer.drain()
        writer.close()


async def _pieces(route: Route | None) -> AsyncIterator[bytes]:
    match route:
        case None:
            yield Reply(b"not here", "text/plain", 404).encode()
        case Reply():
            yield route.encode()
        case _:
            async for piece in route():
                yield piece


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _listener(host: str, port: int) -> socket.socket:
    return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
