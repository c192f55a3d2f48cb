"""What hostile input could make of a parser: tasks for a sandbox of the tests' own. Runs in its processes."""

import ctypes
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyromark
from selectolax.lexbor import LexborHTMLParser

from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sandbox import wire

HERE = "tests.support.sandbox_tasks"
WARM_UP = ()
KEPT: list[bytes] = []


def echo(value: Any) -> Any:
    """Return what was sent."""
    return value


def pid() -> int:
    """Tell which process this is."""
    return os.getpid()


def give_up() -> None:
    """Raise an error with a reason."""
    raise GiveUp(Reason.FILE_MALFORMED, "Its table is short.")


def make_up_a_reason(spelling: str) -> None:
    """Give a reason that is no parser's to give."""
    raise GiveUp(cast("Reason", spelling), "It is made up.")


def read_null() -> None:
    """Crash as native code does."""
    ctypes.string_at(0)


def abort() -> None:
    """Crash as native code does that notices."""
    os.abort()


def leave(code: int) -> None:
    """End the process without a word."""
    os._exit(code)


def killed() -> None:
    """End as the kernel ends a process when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


def spin(*, obstinate: bool = False) -> None:
    """Never end."""
    if obstinate:
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    while True:
        pass


def sleep() -> None:
    """Never end, at no cost."""
    time.sleep(600)


def allocate(*, native: bool = False) -> None:
    """Take memory without end."""
    malloc = ctypes.CDLL(None).malloc
    malloc.restype = ctypes.c_void_p
    while True:
        if native:
            ctypes.memset(malloc(ctypes.c_size_t(1 << 24)), 1, 1 << 24)
        else:
            KEPT.append(b"x" * (1 << 24))


def allocate_new() -> None:
    """Take memory as C++ does: what it throws where there is none, nobody catches."""
    new = ctypes.CDLL("libstdc++.so.6")["_Znwm"]
    new.restype = ctypes.c_void_p
    while True:
        ctypes.memset(new(ctypes.c_size_t(1 << 22)), 1, 1 << 22)


def allocate_rust() -> None:
    """Take memory as Rust does, which aborts where there is none."""
    KEPT.extend([b"x" * (1 << 20)] * 20)
    pyromark.html("*x* " * (1 << 24))


def allocate_array() -> None:
    """Take memory as NumPy does."""
    arrays = []
    while True:
        arrays.append(np.ones(1 << 20))


def parse() -> None:
    """Make a tree for which there is no memory: the library raises its own exception."""
    LexborHTMLParser("<p a=b>x" * (1 << 21))


def translate(*, reasoned: bool, known: bool = False) -> None:
    """Raise what a library raises that got no memory, or, where the fault is `known`, of what was read."""
    malloc = ctypes.CDLL(None).malloc
    malloc.restype = ctypes.c_void_p
    assert malloc(ctypes.c_size_t(1 << 40)) is None
    if known:
        raise GiveUp(Reason.FILE_MALFORMED, "Its table is short.")
    try:
        int("no node")
    except ValueError as error:
        if reasoned:
            raise GiveUp(Reason.EXTRACT, "The page could not be parsed: ValueError.") from error
        raise


def too_long() -> bytes:
    """Return more than the worker takes."""
    return bytes(wire.REPLY_MAX_BYTES)


def keep(megabytes: int) -> int:
    """Leave memory behind."""
    KEPT.append(b"x" * (megabytes << 20))
    return os.getpid()


def recurse(depth: int = 0) -> int:
    """Go deeper without end."""
    return recurse(depth + 1) + 1


def flood() -> str:
    """Print without end; nobody reads."""
    for _ in range(10_000):
        print("x" * 1000)  # noqa: T201
        print("x" * 1000, file=sys.stderr)  # noqa: T201
    return "done"


def unsendable() -> object:
    """Return what msgpack cannot hold."""
    return object()


def many_nodes() -> list[list[list[int]]]:
    """Return what is small to send and large to have."""
    return [[[]] * 1_500] * 1_500


def write_raw(data: bytes, *, close: bool = False) -> None:
    """Say something else than a reply, on whatever is open."""
    for descriptor in range(3, 32):
        try:
            os.write(descriptor, data)
            if close:
                os.close(descriptor)
        except OSError:
            continue
    if close:
        time.sleep(600)


def environment() -> dict[str, str]:
    """Return the environment that the process has."""
    return dict(os.environ)


def read(path: str) -> bytes:
    """Read a file."""
    return Path(path).read_bytes()


def write(path: str) -> None:
    """Write a file."""
    Path(path).write_bytes(b"x")


def connect(port: int) -> None:
    """Call a server on this machine."""
    socket.create_connection(("127.0.0.1", port), timeout=2).close()


def fork() -> None:
    """Leave a process behind that is none of the group's."""
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)


def execute() -> None:
    """Become another program."""
    os.execv("/bin/true", ["true"])  # noqa: S606


def send_signal(process: int) -> None:
    """Signal another process."""
    os.kill(process, 0)


OWN = (
    *(
        echo,
        pid,
        give_up,
        make_up_a_reason,
        read_null,
        abort,
        leave,
        killed,
        spin,
        sleep,
        allocate,
        keep,
        recurse,
        flood,
    ),
    *(allocate_new, allocate_rust, allocate_array, parse, translate, too_long),
    *(unsendable, many_nodes, write_raw, environment, read, write, connect, fork, execute, send_signal),
)
TASKS = {task.__name__: f"{HERE}:{task.__name__}" for task in OWN}
