"""clamd's protocol: a stream goes in, one line comes out (clamd(8), "COMMANDS").

No package will do: aioclamd knows no unix sockets and hands each KB to a thread; clamd and clamav-client
block; all three find `OK` by a pattern that other answers match, too.
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

PIECE_BYTES = 128 * 1024  # about what a socket takes at once
ANSWER_MAX_BYTES = 4096
NAME_MAX_CHARS = 100
PING_SECONDS = 5.0  # clamd answers PING while it scans

CLEAN_ANSWER = b"stream: OK\0"
LIMIT_ANSWER = b"INSTREAM size limit exceeded. ERROR\0"
_FOUND = re.compile(rb"stream: ([^\0\n]+) FOUND\0")


class ScanVerdict(Enum):
    """What clamd says of a file."""

    CLEAN = auto()
    INFECTED = auto()
    TOO_LARGE = auto()
    """The file, or what is packed in it, is larger than clamd looks at."""
    ENCRYPTED = auto()
    """So clamd cannot look into it."""


@dataclass(frozen=True, slots=True)
class ScanFinding:
    """A verdict, with the name of the signature if there is one: at most 100 printable characters."""

    verdict: ScanVerdict
    name: str = ""


class NoVerdictError(Exception):
    """No verdict: SCANNER_UNREACHABLE, SCANNER_TIMEOUT or SCANNER_ERROR."""

    def __init__(self, reason: Reason, detail: str, *, by_file: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.by_file = by_file
        """Whether a file was being sent, which may be the cause."""


def read_answer(answer: bytes) -> ScanFinding:
    """Read clamd's whole answer to a stream. Raises NoVerdictError for anything that is no verdict.

    With AlertExceedsMax and AlertEncrypted, clamd reports what it did not look at as FOUND, by these names.
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
        """Raises ValueError for any other address."""
        parts = urlsplit(address)
        self.address = address
        self._path = parts.path if parts.scheme == "unix" and not parts.netloc else ""
        self._host, self._port = parts.hostname or "", parts.port or 0
        if not self._path and not (parts.scheme == "tcp" and self._host and self._port):
            raise ValueError("it is neither unix:///path nor tcp://host:port")
        self._timeout_seconds = timeout_seconds

    async def ping(self) -> None:
        """Raises NoVerdictError unless clamd answers PONG."""
        seconds = min(PING_SECONDS, self._timeout_seconds)
        async with self._connected(seconds, by_file=False) as connection:
            await asyncio.get_running_loop().sock_sendall(connection, b"zPING\0")
            answer = await _answer(connection)
        if not answer:
            raise NoVerdictError(Reason.SCANNER_UNREACHABLE, f"clamd at {self.address} closed the connection")
        if answer != b"PONG\0":
            raise NoVerdictError(Reason.SCANNER_ERROR, f"clamd answered {_printable(answer)!r} to PING")

    async def scan(self, body: bytes) -> ScanFinding:
        """Stream a file to clamd, without copying it, and return the verdict. Raises NoVerdictError."""
        async with self._connected(self._timeout_seconds, by_file=True) as connection:
            try:
                early = await _send(connection, body)
            except (
                ConnectionError
            ):  # above StreamMaxLength clamd answers and closes: the answer can still be read
                early = True
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
        """Hold a connection for at most so many seconds; any failure on it becomes a NoVerdictError."""
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
        # asyncio takes a unix socket for connected whose queue is full; such a socket has no peer.
        connection.getpeername()
        if family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connection.close()
        raise
    return connection


async def _send(connection: socket.socket, body: bytes) -> bool:
    """Send the stream. Stop and return True if clamd answers before its end, which is no verdict."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, b"zINSTREAM\0")
    for piece in _pieces(body):
        if _has_answered(connection):
            return True
        await loop.sock_sendall(connection, len(piece).to_bytes(4, "big"))
        if piece:
            await loop.sock_sendall(connection, piece)
        await asyncio.sleep(0)  # a send that need not wait would not yield to other tasks
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
    """Read until clamd closes, or more than an answer can have; an early answer only up to its NUL.

    If the connection breaks after the answer, clamd has not read the whole file: only LIMIT_ANSWER may.
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
