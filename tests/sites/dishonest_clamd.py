"""Servers that speak clamd's protocol, and lie, break off or are silent."""

import asyncio
import socket
import struct
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def read_stream(reader: asyncio.StreamReader) -> bytes:
    """Read INSTREAM's command and its pieces to their end."""
    assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
    body = b""
    while length := int.from_bytes(await reader.readexactly(4), "big"):
        body += await reader.readexactly(length)
    return body


def answers(*parts: bytes) -> Speak:
    """Reads all, says this, part for part, and closes."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_stream(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.01)

    return speak


def answers_early(answer: bytes, *, hang_up: bool = False) -> Speak:
    """Says this when it has the command and a first piece; then it reads on, or closes."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1000)
        writer.write(answer)
        await writer.drain()
        while not hang_up and await reader.read(1 << 16):
            pass

    return speak


async def says_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Reads all, and stays silent."""
    while await reader.read(1 << 16):
        pass


async def hangs(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says that all is well, and reads nothing at all."""
    writer.write(b"stream: OK\0")
    await asyncio.sleep(3600)


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads all, and never comes to an end."""
    await read_stream(reader)
    while True:
        writer.write(b"s")
        await writer.drain()
        await asyncio.sleep(0.01)


async def stays(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads all, finds it clean, and might yet say more."""
    await read_stream(reader)
    writer.write(b"stream: OK\0")
    await reader.read()


async def closes(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Closes at once."""


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads half a stream, finds it clean, and breaks the connection."""
    await reader.readexactly(1000)
    writer.write(b"stream: OK\0")
    await writer.drain()
    connection: socket.socket = writer.get_extra_info("socket")
    with suppress(OSError):  # not over unix sockets
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@asynccontextmanager
async def serving(speak: Speak) -> AsyncIterator[tuple[str, str]]:
    """Serve it; gives its addresses, by unix socket and by TCP."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await speak(reader, writer)
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    with tempfile.TemporaryDirectory(prefix="c") as folder:
        by_path = await asyncio.start_unix_server(accept, f"{folder}/s")
        by_port = await asyncio.start_server(accept, "127.0.0.1", 0)
        try:
            yield f"unix://{folder}/s", f"tcp://127.0.0.1:{by_port.sockets[0].getsockname()[1]}"
        finally:
            by_path.close()
            by_port.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0)  # in which what was aborted is closed
