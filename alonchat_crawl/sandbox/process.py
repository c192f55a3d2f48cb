"""The worker's end of one parser process: starts it, sends it one request at a time, ends it."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import alonchat_crawl
from alonchat_crawl.errors import Outage
from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sandbox import wire
from alonchat_crawl.sandbox.wire import InvalidFrameError, Reply

START_SECONDS = 60.0
START_ERROR_MAX_BYTES = 1000
WALL_SHARE = 3  # a task may take WALL_SHARE times its CPU seconds, since a busy machine gives it only a share
REAP_SECONDS = 0.01  # how often to check whether it has ended
SIGNALS = {signal.strsignal(number): number.name for number in signal.Signals}
NAME_MAX_BYTES = 100  # longest description of a signal
OUT_OF_MEMORY_SHARE = 3
"""A buffer that grows by doubling uses 1/3 of the memory when a copy of twice its size no longer fits."""
END_SECONDS = 1.0  # how long to wait for the exit code of a process that closed its socket
# Not `-m`: the package may be in an egg that only this process has on its path.
START = """
import sys
descriptor, parent, table, memory_bytes, seconds, *sys.path[:] = sys.argv[1:]
from alonchat_crawl.sandbox.child import main
main(int(descriptor), int(parent), table, int(memory_bytes), float(seconds))
"""
ENVIRONMENT = {"LC_CTYPE": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Its whole environment: ours holds secrets."""
FLAGS = ("-I", "-S", "-B", "-X", "utf8")  # isolated, no `site` (whose .pth files would run), no bytecode

logger = logging.getLogger(__name__)


class ProcessLimits(NamedTuple):
    """What a process may run and use."""

    table: str
    """The module whose TASKS it runs."""
    memory_bytes: int
    seconds: float
    """CPU time of each task."""


class DyingError(Exception):
    """The process got a fatal signal, and waits so that its memory can be examined."""


class Process:
    """One parser process. After `ask`, the caller must wait for the reply or call `end`."""

    def __init__(self, limits: ProcessLimits) -> None:
        """Start it, in a thread that lives as long as the worker: the process dies with its thread."""
        self.tasks = 0
        self._limits = limits
        self._ready = False
        self._data_bytes = 0  # what it held when it was ready
        self._channel, theirs = socket.socketpair()
        self._channel.setblocking(False)  # noqa: FBT003  Python's own name for it
        with theirs:
            arguments = (theirs.fileno(), os.getpid(), limits.table, limits.memory_bytes, limits.seconds)
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and text
                [sys.executable, *FLAGS, "-c", START, *map(str, arguments), *_import_path()],
                env=ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The id of the process and of its process group."""
        return self._process.pid

    async def ask(self, request: bytes) -> Reply:
        """Return the reply. Raises Outage if the process did not start, GiveUp if it was lost."""
        await self._started()
        self.tasks += 1
        try:
            async with asyncio.timeout(WALL_SHARE * self._limits.seconds):
                return wire.unpack_reply(await self._exchange(request))
        except TimeoutError:
            raise GiveUp(Reason.PARSER_TIMEOUT, "Parsing it took too long.") from None
        except InvalidFrameError as error:
            raise GiveUp(Reason.PARSER_CRASH, f"Its parser answered what it must not: {error}.") from None
        except DyingError as error:
            raise self._crashed(str(error)) from None
        except OSError:  # the other end is closed
            raise await self._lost() from None

    async def end(self) -> None:
        """Kill it, with all processes that it may have started; leave no zombie."""
        self._channel.close()
        if self._process.poll() is None:  # after it has ended, its pid may be another process's
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        await self._ended()

    async def _lost(self) -> GiveUp:
        """Return the error for a process that closed its socket, by its exit code."""
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await self._ended()
        match self._process.returncode:
            case None:
                return GiveUp(Reason.PARSER_CRASH, "Its parser closed its socket.")
            case code if code == -signal.SIGXCPU:
                return GiveUp(Reason.PARSER_TIMEOUT, "Parsing it took too much time of the processor.")
            case code if code == -signal.SIGKILL:  # sent by the kernel, not by us
                return GiveUp(Reason.PARSER_MEMORY, "The system had no memory left to parse it.")
            case code:
                named = signal.Signals(-code).name if code < 0 else f"exit code {code}"
                return GiveUp(Reason.PARSER_CRASH, f"Its parser ended with {named}.")

    def _crashed(self, name: str) -> GiveUp:
        """Return the error for a fatal signal, by the memory that the process still uses."""
        left = self._limits.memory_bytes - self._data_bytes
        if self._data() - self._data_bytes > left // OUT_OF_MEMORY_SHARE:
            return GiveUp(Reason.PARSER_MEMORY, f"Its parser ran out of memory and ended with {name}.")
        return GiveUp(Reason.PARSER_CRASH, f"Its parser ended with {name}.")

    def _data(self) -> int:
        """Return the process's bytes of memory as RLIMIT_DATA counts them; 0 if the system does not say."""
        with suppress(OSError):
            for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
                if line.startswith("VmData:"):
                    return int(line.split()[1]) * 1024
        return 0

    async def _ended(self) -> None:
        while self._process.poll() is None:  # noqa: ASYNC110  there is no event for it
            await asyncio.sleep(REAP_SECONDS)

    async def _started(self) -> None:
        if self._ready:
            return
        try:
            async with asyncio.timeout(START_SECONDS):
                error = await self._frame(START_ERROR_MAX_BYTES)
        except (TimeoutError, OSError, InvalidFrameError, DyingError):
            await self.end()
            error = f"exit code {self._process.returncode}".encode()
        if error:
            sentence = f"A parser's process did not start: {error.decode(errors='replace')}"
            logger.error("%s", sentence)
            raise Outage(Reason.PARSER_START, sentence)
        self._ready = True
        self._data_bytes = self._data()

    async def _exchange(self, request: bytes) -> bytes | bytearray:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._channel, wire.HEAD.pack(len(request)))
        await loop.sock_sendall(self._channel, request)
        return await self._frame(wire.REPLY_MAX_BYTES)

    async def _frame(self, most: int) -> bytes | bytearray:
        head = await self._received(wire.HEAD.size)
        if wire.DYING.startswith(head):
            raise DyingError(await self._signal())
        (size,) = wire.HEAD.unpack(head)
        if size > most:
            raise InvalidFrameError(f"{size} bytes")
        return await self._received(size)

    async def _signal(self) -> str:
        """Read the name of the signal that a dying process got."""
        loop = asyncio.get_running_loop()
        description = b""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                while b"\n" not in description and len(description) < NAME_MAX_BYTES:
                    piece = await loop.sock_recv(self._channel, NAME_MAX_BYTES)
                    if not piece:
                        break
                    description += piece
        name = description.partition(b"\n")[0].decode(errors="replace")
        return SIGNALS.get(name.removeprefix(wire.DYING[wire.HEAD.size :].decode()), "a fatal signal")

    async def _received(self, size: int) -> bytearray:
        loop = asyncio.get_running_loop()
        data, place = bytearray(size), 0
        with memoryview(data) as view:
            while place < size:
                count = await loop.sock_recv_into(self._channel, view[place:])
                if not count:
                    raise ConnectionResetError
                place += count
        return data


def _import_path() -> list[str]:
    own = str(Path(alonchat_crawl.__file__).parents[1])
    return [own, *(path for path in sys.path if path and path != own)]
