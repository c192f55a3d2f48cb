"""Confines a parser's process: no files, no network, no other processes, limited memory.

The limits always hold. The rest is best effort, since not every kernel or container offers it; it is for a
parser that an attacker controls.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from alonchat_crawl.sandbox.landlock import leave_readable
from alonchat_crawl.sandbox.seccomp import refuse_calls

PR_SET_PDEATHSIG = 1  # prctl(2)
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWIPC = 0x08000000  # unshare(2)
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
SYSTEM_FILES = tuple(
    Path(name)
    for name in (
        *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"),
        *("/usr/share/zoneinfo", "/proc/self", "/dev/null"),
    )
)
OOM_SCORE = "800"  # of 1000: if memory runs out, the kernel should kill a parser first
OPEN_FILES = 64
ADDRESS_SPACE_BYTES = 2 * 1024**3  # in addition to the memory: libraries, stacks, reserved addresses


def confine(parent: int, memory_bytes: int, packages: Iterable[str]) -> None:
    """Confine this process irrevocably. The program's `packages` and all libraries stay readable.

    Raises OSError if a limit cannot be set.
    """
    os.umask(0o777)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "linux":
        # New namespaces: no network, and no access to other processes of the same user.
        for flags in (CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC, CLONE_NEWUSER):
            if libc.unshare(flags) == 0:
                break
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            raise ProcessLookupError("the worker has ended already")
        own, *libraries = map(Path, sys.path)
        leave_readable([*(own / name for name in packages), *libraries, *SYSTEM_FILES], [own])
        refuse_calls()
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        # RLIMIT_DATA counts writable memory, which is what runs out; RLIMIT_AS counts reserved addresses,
        # too.
        (resource.RLIMIT_DATA, memory_bytes),
        (resource.RLIMIT_AS, memory_bytes + ADDRESS_SPACE_BYTES),
    ):
        resource.setrlimit(limit, (most, most))


def allow_cpu(seconds: float) -> None:
    """Let this process use `seconds` more of CPU time; then the kernel sends SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + seconds) + 1, hard))
