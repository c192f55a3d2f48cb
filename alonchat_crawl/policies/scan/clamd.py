"""clamd's protocol: we send a stream, clamd answers one line (clamd(8), "COMMANDS").

No package will do. aioclamd supports no unix sockets, and passes each KB through a thread. The packages clamd
and clamav-client block. All three detect `OK` by a pattern that other answers match, too.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import urlsplit

from alonchat_crawl.reasons import Reason

PIECE_BYTES = 128 * 1024  # about what a socket accepts at once
ANSWER_MAX_BYTES = 4096
NAME_MAX_CHARS = 100
PING_SECONDS = 5.0  # clamd answers PING while it scans

CLEAN_ANSWER = b"stream: OK\0"
LIMIT_ANSWER = b"INSTREAM size limit exceeded. ERROR\0"
_FOUND = re.compile(rb"stream: ([^\0\n]+) FOUND\0")


class ScanVerdict(Enum):
    """clamd's verdict on a file."""

    CLEAN = auto()
    INFECTED = auto()
    TOO_LARGE = auto()
    """The file, or its unpacked content, is larger than clamd scans."""
    ENCRYPTED = auto()
    """clamd cannot scan it."""


@dataclass(frozen=True, slots=True)
class ScanFinding:
    """A verdict and the name of the signature, if any: at most 100 printable characters."""

    verdict: ScanVerdict
    name: str = ""


class NoVerdictError(Exception):
    """clamd gave no verdict: SCANNER_UNREACHABLE, SCANNER_TIMEOUT or SCANNER_ERROR."""

    def __init__(self, reason: Reason, detail: str, *, by_file: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.by_file = by_file
        """Whether a file was being sent, which may be the cause."""


def read_answer(answer: bytes) -> ScanFinding:
    """Read clamd's whole answer to a stream. Raises NoVerdictError for anything that is no verdict.

    With AlertExceedsMax and AlertEncrypted, clamd reports content that it did not scan as FOUND, with these
    names.
    """
    if answer == CLEAN_ANSWER:
        return ScanFinding(ScanVerdict.CLEAN)
    if answer == LIMIT_ANSWER:
        return ScanFinding(ScanVerdict.TOO_LARGE, "StreamMaxLength")
    if found := _FOUND.fullmatch(answer):
        name = _printable(found[1])
        if name.startswith("Heuristics.Limits.Exceeded"):
            return ScanFinding(ScanVerdict.TOO_LARGE, name)
        if name.startswith("Heuristics.Encrypted."):
            return ScanFinding(ScanVerdict.ENCRYPTED, name)
        return ScanFinding(ScanVerdict.INFECTED, name)
    raise NoVerdictError(Reason.SCANNER_ERROR, f"clamd answered {_printable(answer)!r}", by_file=True)


def _printable(text: bytes) -> str:
    shown = "".join(
        letter if letter.isprintable() else "?" for letter in text[:NAME_MAX_CHARS].decode("latin-1")
    )
    return shown.encode("ascii", "replace").decode()


class Clamd:
    """A clamd at `unix:///path` or `tcp://host:port`. It closes the connection after each command."""

    def __init__(self, address: str, timeout_seconds: float) -> None:
        """Raise ValueError for any other address."""
        parts = urlsplit(address)
        self.address = address
        self._path = parts.path if parts.scheme == "unix" and not parts.netloc else ""
        self._host, self._port = parts.hostname or "", parts.port or 0
        if not self._path and not (parts.scheme == "tcp" and self._host and self._port):
            raise ValueError("it is neither unix:///path nor tcp://host:port")
        self._timeout_seconds = timeout_seconds

    async def ping(self) -> None:
        """Raise NoVerdictError unless clamd answers PONG."""
        seconds = min(PING_SECONDS, self._timeout_seconds)
        async with self._connected(seconds, by_file=False) as connection:
            await asyncio.get_running_loop().sock_sendall(connection, b"zPING\0")
            answer = await _answer(connection)
        if not answer:
            raise NoVerdictError(Reason.SCANNER_UNREACHABLE, f"clamd at {self.address} closed the connection")
        if answer != b"PONG\0":
            raise NoVerdictError(Reason.SCANNER_ERROR, f"clamd answered {_printable(answer)!r} to PING")

    async def scan(self, body: bytes) -> ScanFinding:
        """Stream a file to clamd without copying it; return the verdict. Raises NoVerdictError."""
        async with self._connected(self._timeout_seconds, by_file=True) as connection:
            try:
                early = await _send(connection, body)
            except ConnectionError:
                early = True  # above StreamMaxLength, clamd answers and closes: its answer can still be read
            answer = await _answer(connection, early=early)
        if not answer:
            raise NoVerdictError(
                Reason.SCANNER_UNREACHABLE, f"clamd at {self.address} closed the connection", by_file=True
            )
        if early and answer != LIMIT_ANSWER:
            raise NoVerdictError(
                Reason.SCANNER_ERROR, f"clamd answered {_printable(answer)!r} too early", by_file=True
            )
        return read_answer(answer)

    @asynccontextmanager
    async def _connected(self, seconds: float, *, by_file: bool) -> AsyncIterator[socket.socket]:
        """Open a connection for at most `seconds`; any failure becomes a NoVerdictError."""
        connected = False
        try:
            async with asyncio.timeout(seconds):
                with await self._connect() as connection:
                    connected = True
                    yield connection
        except TimeoutError:
            detail = f"clamd at {self.address} does not answer within {seconds:g} s"
            raise NoVerdictError(Reason.SCANNER_TIMEOUT, detail, by_file=by_file and connected) from None
        except OSError as error:
            what = "broke the connection" if connected else "cannot be reached"
            detail = f"clamd at {self.address} {what} ({error.strerror or error})"
            raise NoVerdictError(Reason.SCANNER_UNREACHABLE, detail, by_file=by_file and connected) from error

    async def _connect(self) -> socket.socket:
        if self._path:
            return await _open(socket.AF_UNIX, self._path)
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        for family, _, _, _, address in found[:-1]:
            try:
                return await _open(family, address)
            except OSError:
                continue
        return await _open(found[-1][0], found[-1][4])


async def _open(family: int, address: object) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(0)
        await asyncio.get_running_loop().sock_connect(connection, address)  # type: ignore[arg-type]
        # asyncio believes a unix socket to be connected if its backlog is full; such a socket has no peer.
        connection.getpeername()
        if family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connection.close()
        raise
    return connection


async def _send(connection: socket.socket, body: bytes) -> bool:
    """Send the stream. Stop and return True if clamd answers before the end, which is no verdict."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, b"zINSTREAM\0")
    for piece in _pieces(body):
        if _has_answered(connection):
            return True
        await loop.sock_sendall(connection, len(piece).to_bytes(4, "big"))
        if piece:
            await loop.sock_sendall(connection, piece)
        await asyncio.sleep(0)  # a send that does not wait would not yield to other tasks
    return False


def _pieces(body: bytes) -> Iterator[memoryview]:
    """Yield the stream's pieces; an empty one ends the stream."""
    view = memoryview(body)
    for start in range(0, len(view), PIECE_BYTES):
        yield view[start : start + PIECE_BYTES]
    yield view[:0]


def _has_answered(connection: socket.socket) -> bool:
    """Whether there is something to read, or clamd has closed."""
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    return True


async def _answer(connection: socket.socket, *, early: bool = False) -> bytes:
    """Read until clamd closes, up to ANSWER_MAX_BYTES; read an early answer only up to its NUL.

    If the connection breaks after the answer, clamd has not read the whole file, so only LIMIT_ANSWER counts.
    """
    loop = asyncio.get_running_loop()
    answer = b""
    try:
        while len(answer) <= ANSWER_MAX_BYTES and (
            part := await loop.sock_recv(connection, ANSWER_MAX_BYTES)
        ):
            answer += part
            if early and answer.endswith(b"\0"):
                break
    except ConnectionError:
        if answer != LIMIT_ANSWER:
            raise
    return answer
