"""Denies this process the system calls that no parser needs, above all those that start a process.

A seccomp filter (https://docs.kernel.org/userspace-api/seccomp_filter.html) is a BPF program. Each
instruction is (code, jump if true, jump if false, value).
"""

import ctypes
import errno
import platform
from collections.abc import Mapping
from struct import pack
from typing import NamedTuple

PR_SET_SECCOMP, MODE_FILTER = 22, 2  # prctl(2)
# Instructions of include/uapi/linux/bpf_common.h, and return values of include/uapi/linux/seccomp.h.
LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
RETURN = 0x06  # BPF_RET | BPF_K
ALLOW, REFUSE = 0x7FFF0000, 0x00050000  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
CLONE_THREAD = 0x10000  # clone(2)
X32_BIT = 0x40000000  # __X32_SYSCALL_BIT: a second set of calls, which could be used to evade a filter


class Machine(NamedTuple):
    """The numbers of the system calls on one kind of machine."""

    architecture: int
    """AUDIT_ARCH_… of include/uapi/linux/audit.h."""
    clone: int
    clone3: int
    refused: Mapping[str, int]
    """Name and number of each call that is always refused."""


MACHINES: Mapping[str, Machine] = {
    # https://github.com/torvalds/linux/blob/master/arch/x86/entry/syscalls/syscall_64.tbl
    "x86_64": Machine(
        architecture=0xC000003E,
        clone=56,
        clone3=435,
        refused={
            "fork": 57,
            "vfork": 58,
            "execve": 59,
            "execveat": 322,
            "ptrace": 101,
            "process_vm_readv": 310,
            "process_vm_writev": 311,
            "socket": 41,
            "mount": 165,
            "unshare": 272,
            "setns": 308,
            "bpf": 321,
            "perf_event_open": 298,
            "userfaultfd": 323,
            "io_uring_setup": 425,
            "add_key": 248,
            "keyctl": 250,
        },
    ),
    # https://github.com/torvalds/linux/blob/master/include/uapi/asm-generic/unistd.h: no fork, no vfork
    "aarch64": Machine(
        architecture=0xC00000B7,
        clone=220,
        clone3=435,
        refused={
            "execve": 221,
            "execveat": 281,
            "ptrace": 117,
            "process_vm_readv": 270,
            "process_vm_writev": 271,
            "socket": 198,
            "mount": 40,
            "unshare": 97,
            "setns": 268,
            "bpf": 280,
            "perf_event_open": 241,
            "userfaultfd": 282,
            "io_uring_setup": 425,
            "add_key": 217,
            "keyctl": 219,
        },
    ),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse_calls() -> bool:
    """Install the filter; return whether the kernel supports it. Needs PR_SET_NO_NEW_PRIVS."""
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return False
    instructions = program(machine)
    packed = b"".join(pack("=HBBI", *instruction) for instruction in instructions)
    filtered = _Program(len(instructions), packed)
    done: int = ctypes.CDLL(None).prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(filtered), 0, 0)
    return done == 0


def program(machine: Machine) -> list[tuple[int, int, int, int]]:
    """Return the filter: refuse calls of other architectures and those in the table, allow the rest."""
    refuse, allow = (RETURN, 0, 0, REFUSE | errno.EPERM), (RETURN, 0, 0, ALLOW)
    steps = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, machine.architecture), refuse]
    steps += [(LOAD, 0, 0, NUMBER), (AT_LEAST, 0, 1, X32_BIT), refuse]
    for number in machine.refused.values():
        steps += [(EQUAL, 0, 1, number), refuse]
    # Allow threads: if clone3 does not exist, glibc uses clone, whose flags a filter can read.
    steps += [(EQUAL, 0, 1, machine.clone3), (RETURN, 0, 0, REFUSE | errno.ENOSYS)]
    steps += [(EQUAL, 0, 3, machine.clone), (LOAD, 0, 0, FIRST_ARGUMENT)]
    steps += [(ANY_BIT, 1, 0, CLONE_THREAD), refuse]
    return [*steps, allow]
