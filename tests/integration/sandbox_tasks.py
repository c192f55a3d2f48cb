"""What hostile input could make of a parser: tasks for a sandbox of the tests' own. Runs in its processes."""

import ctypes
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from alonchat_crawl.reasons import GiveUp

HERE = "tests.integration.sandbox_tasks"
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
    raise GiveUp("file malformed", "Its table is short.")


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
    *(echo, pid, give_up, read_null, abort, leave, killed, spin, sleep, allocate, keep, recurse, flood),
    *(unsendable, many_nodes, write_raw, environment, read, write, connect, fork, execute, send_signal),
)
TASKS = {task.__name__: f"{HERE}:{task.__name__}" for task in OWN}
