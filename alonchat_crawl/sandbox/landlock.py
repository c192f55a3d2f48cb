"""Denies this process all files but its own code, TCP, and signals to other processes.

It uses Linux' Landlock (https://docs.kernel.org/userspace-api/landlock.html), which needs no privilege and
works in containers. Later versions of Landlock can deny more.
"""

import ctypes
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from struct import pack

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # landlock_… system calls, the same on all machines
VERSION = 1  # a flag of CREATE_RULESET: only return the version
PATH_BENEATH = 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""Number of file rights that each version knows. Later versions know LATEST_RIGHTS."""
LATEST_RIGHTS = 16
TCP = 0b11
TCP_SINCE = 4
SCOPES = 0b11  # abstract unix sockets, signals
SCOPES_SINCE = 6


def leave_readable(files: Iterable[Path], lists: Iterable[Path]) -> bool:
    """Let this process only read what is below `files`, and list what is below `lists`.

    Return whether the kernel supports it. Paths that do not exist are skipped.
    """
    call = ctypes.CDLL(None, use_errno=True).syscall
    version = call(CREATE_RULESET, None, 0, VERSION)
    if version < 1:
        return False
    attributes = pack("=Q", (1 << FILE_RIGHTS.get(version, LATEST_RIGHTS)) - 1)
    if version >= TCP_SINCE:
        attributes += pack("=Q", TCP)
    if version >= SCOPES_SINCE:
        attributes += pack("=Q", SCOPES)
    rules = call(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return False
    try:
        for paths, rights in ((files, READ_FILE | READ_DIR), (lists, READ_DIR)):
            for path in paths:
                with suppress(OSError):
                    _allow(call, rules, path, rights)
        return bool(call(RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


def _allow(call: "ctypes._NamedFuncPointer", rules: int, path: Path, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        allowed = rights if path.is_dir() else rights & READ_FILE
        call(ADD_RULE, rules, PATH_BENEATH, pack("=Qi", allowed, descriptor), 0)
    finally:
        os.close(descriptor)
