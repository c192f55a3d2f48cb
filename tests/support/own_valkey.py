"""A Valkey of a test's own, to be killed and filled; and a wire to it on which replies get lost."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from alonchat_crawl.servers import valkey as embedded_valkey
from alonchat_crawl.servers.daemon import State

START_SECONDS = 30.0


class OwnValkey:
    """A server on a Unix socket in a folder of its own, with the append-only file that production has."""

    def __init__(self, home: Path) -> None:
        self.socket = home / "s"
        # Each reply waits for the log, so that a kill loses nothing that was told.
        self._command = [*embedded_valkey.command(home, self.socket), "--appendfsync", "always"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"unix://{self.socket}"

    def start(self, *options: str) -> None:
        """Start it, and return when it has read its log and answers."""
        self._process = subprocess.Popen([*self._command, *options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while embedded_valkey.state(self.socket) is not State.READY:
            assert self._process.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.01)

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None


@contextmanager
def own_valkey(home: Path) -> Iterator[OwnValkey]:
    """A started server, killed in the end."""
    server = OwnValkey(home)
    try:
        server.start()
        yield server
    finally:
        server.kill()


class Wire:
    """What carries commands to a server; it can be told to lose the next reply to one."""

    def __init__(self) -> None:
        self.path = ""
        self.lose_replies_to = b""
        """What the command that is to be lost contains; empty for none."""
        self.lost = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client: each command goes through; a reply that is to be lost ends the connection."""
        from_server, to_server = await asyncio.open_unix_connection(self.path)
        doomed = asyncio.Event()

        async def up() -> None:
            with suppress(OSError):
                while chunk := await reader.read(1 << 20):
                    if self.lose_replies_to and self.lose_replies_to in chunk:
                        self.lose_replies_to = b""
                        doomed.set()
                    to_server.write(chunk)
                    await to_server.drain()
            to_server.close()

        telling = asyncio.create_task(up())
        with suppress(OSError):
            while (chunk := await from_server.read(1 << 20)) and not doomed.is_set():
                writer.write(chunk)
                await writer.drain()
        self.lost += doomed.is_set()
        writer.close()
        await telling


@asynccontextmanager
async def wire(server: Path, own: Path) -> AsyncIterator[Wire]:
    """A wire from the socket `own` to the server's; its clients must have closed before its end."""
    carrier = Wire()
    carrier.path = str(server)
    carried: set[asyncio.Task[None]] = set()
    listening = await asyncio.start_unix_server(
        lambda reader, writer: carried.add(asyncio.create_task(carrier.carry(reader, writer))), str(own)
    )
    try:
        yield carrier
    finally:
        listening.close()
        await asyncio.gather(*carried)
