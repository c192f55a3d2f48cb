"""Takes from this process the system calls that a parser never needs: above all to start another process.

A filter for seccomp (https://docs.kernel.org/userspace-api/seccomp_filter.html): a program for the kernel's
packet filter, of instructions (code, jump if true, jump if false, value).
"""

import ctypes
import errno
import platform
from struct import pack

PR_SET_SECCOMP, MODE_FILTER = 22, 2
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # where each lies in what the filter sees
CLONE_THREAD = 0x10000
CLONE3 = 435
FOREIGN = 0x40000000  # from here on: x86's third set of calls
# By machine: its name to the kernel, `clone`, and what is refused whatever its arguments are: fork, vfork,
# execve, execveat, ptrace, unshare, setns, mount, bpf, perf_event_open, userfaultfd, add_key, keyctl,
# io_uring_setup, process_vm_readv, process_vm_writev, socket.
MACHINES = {
    "x86_64": (
        0xC000003E,
        56,
        (57, 58, 59, 322, 101, 272, 308, 165, 321, 298, 323, 248, 250, 425, 310, 311, 41),
    ),
    "aarch64": (0xC00000B7, 220, (221, 281, 117, 97, 268, 40, 280, 241, 282, 217, 219, 425, 270, 271, 198)),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse_calls() -> bool:
    """Refuse them from now on; return whether the kernel does. Needs PR_SET_NO_NEW_PRIVS."""
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return False
    architecture, clone, refused = machine
    refuse, allow = (RETURN, 0, 0, REFUSE | errno.EPERM), (RETURN, 0, 0, ALLOW)
    program = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, architecture), refuse, (LOAD, 0, 0, NUMBER)]
    program += [(AT_LEAST, 0, 1, FOREIGN), refuse]
    for number in refused:
        program += [(EQUAL, 0, 1, number), refuse]
    # glibc, told that there is no clone3, uses clone, whose flags a filter can see: threads are allowed.
    program += [(EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, REFUSE | errno.ENOSYS)]
    program += [(EQUAL, 0, 3, clone), (LOAD, 0, 0, FIRST_ARGUMENT), (ANY_BIT, 1, 0, CLONE_THREAD), refuse]
    program += [allow]
    packed = b"".join(pack("=HBBI", *instruction) for instruction in program)
    filtered = _Program(len(program), packed)
    done: int = ctypes.CDLL(None).prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.byref(filtered), 0, 0)
    return done == 0
