"""A parser's process: it runs the worker's tasks, one at a time, until the worker closes the socket.

It reads no environment and no settings; its arguments are all it needs.
"""

import ctypes
import errno
import faulthandler
import gc
import os
import resource
import signal
import socket
from collections.abc import Callable
from importlib import import_module
from typing import Any

from alonchat_crawl.parser_errors import ReasonedError
from alonchat_crawl.sandbox import wire
from alonchat_crawl.sandbox.confine import allow_cpu, confine
from alonchat_crawl.sandbox.memory import return_freed_memory
from alonchat_crawl.sandbox.wire import Reply

GROWN_SHARE = 2  # a process that still uses more than 1/GROWN_SHARE of its memory after a task is replaced
PAGE_BYTES = resource.getpagesize()

OUT_OF_MEMORY = wire.pack(Reply(wire.MEMORY, None, again=False))
"""Built beforehand: when it is needed, there is no memory left to build it."""

FATAL = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)
Task = Callable[..., Any]


class Child:
    """Runs the tasks of one table, each within its limit of CPU time."""

    def __init__(self, table: str, memory_bytes: int, seconds: float) -> None:
        self._table = import_module(table)
        self._memory_bytes = memory_bytes
        self._seconds = seconds
        self._tasks: dict[str, Task] = {}
        self._errno = _errno()

    def prepare(self) -> None:
        """Load what most tasks need, and exempt it from garbage collection."""
        for name, arguments in self._table.WARM_UP:
            self._task(name)(**arguments)
        gc.freeze()

    def reply(self, request: bytearray) -> bytes:
        """Run one task and return its packed reply. Never raises."""
        try:
            allow_cpu(self._seconds)
            self._errno.value = 0
            reply = wire.pack(self._result(request))
        except MemoryError:
            return OUT_OF_MEMORY
        except Exception as error:  # noqa: BLE001  the worker settles the page
            if self._ran_out():
                return OUT_OF_MEMORY
            return wire.pack(Reply(wire.ERROR, type(error).__name__, again=False))
        return reply if len(reply) <= wire.REPLY_MAX_BYTES else OUT_OF_MEMORY

    def _result(self, request: bytearray) -> Reply:
        name, arguments = wire.unpack_request(request)
        request.clear()
        try:
            kind, value = wire.RESULT, self._task(name)(**arguments)
        except ReasonedError as error:
            # A reader translated a library's error whose real cause was a lack of memory.
            if error.__cause__ is not None and self._ran_out():
                raise MemoryError from error
            kind, value = wire.REASON, (error.reason, error.detail)
        return Reply(kind, value, again=not self._grown())

    def _task(self, name: str) -> Task:
        if name not in self._tasks:
            module, function = self._table.TASKS[name].split(":")
            self._tasks[name] = getattr(import_module(module), function)
        return self._tasks[name]

    def _ran_out(self) -> bool:
        """Whether the last system call that failed needed memory.

        Each library then raises its own exception, but the C library's `errno` is the same for all.
        """
        return self._errno.value == errno.ENOMEM

    def _grown(self) -> bool:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123  a million times a day
            resident = int(file.read().split()[1]) * PAGE_BYTES
        return resident > self._memory_bytes // GROWN_SHARE


def main(descriptor: int, parent: int, table: str, memory_bytes: int, seconds: float) -> None:
    """Serve the worker at the other end of a socket, until it closes the socket."""
    channel = socket.socket(fileno=descriptor)
    try:
        return_freed_memory()
        child = Child(table, memory_bytes, seconds)
        child.prepare()  # before `confine`, since a library unpacks a file; it reads no untrusted text
        confine(parent, memory_bytes, {own.partition(".")[0] for own in (__name__, table)})
        _stay_when_dying(channel)
        _send(channel, b"")
        while (request := _received(channel)) is not None:
            reply = child.reply(request)
            _send(channel, reply)
            del request, reply
    except Exception as error:  # noqa: BLE001  the worker logs it
        _send(channel, f"{type(error).__name__}: {error}".encode(errors="replace"))
    finally:
        os._exit(1)  # without cleaning up, which may never end after a hostile task


def _errno() -> ctypes.c_int:
    """Return a reference to this thread's `errno`; to one that is never set if the C library hides it."""
    locate = getattr(ctypes.CDLL(None), "__errno_location", None)  # of glibc and musl
    if locate is None:
        return ctypes.c_int()
    locate.restype = ctypes.c_void_p
    return ctypes.c_int.from_address(locate())


def _stay_when_dying(channel: socket.socket) -> None:
    """On a fatal signal, send its name and wait, so that the worker can look how much memory is in use."""
    libc = ctypes.CDLL(None)
    libc.signal.argtypes, libc.signal.restype = (ctypes.c_int, ctypes.c_void_p), ctypes.c_void_p
    for number in FATAL:
        libc.signal(number, ctypes.cast(libc.pause, ctypes.c_void_p))
    faulthandler.enable(file=channel.fileno(), all_threads=False)  # it writes wire.DYING first


def _send(channel: socket.socket, frame: bytes) -> None:
    channel.sendall(wire.HEAD.pack(len(frame)))
    channel.sendall(frame)


def _received(channel: socket.socket) -> bytearray | None:
    head = channel.recv(wire.HEAD.size, socket.MSG_WAITALL)
    if len(head) < wire.HEAD.size:
        return None
    (size,) = wire.HEAD.unpack(head)
    data = bytearray(size)
    place = 0
    with memoryview(data) as view:
        while place < size:
            count = channel.recv_into(view[place:])
            if not count:
                return None
            place += count
    return data
