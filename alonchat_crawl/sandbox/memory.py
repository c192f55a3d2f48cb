"""Keeps a process small by returning freed memory to the system."""

import ctypes

M_TRIM_THRESHOLD = -1  # mallopt(3)
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8
THRESHOLD_BYTES = 1024 * 1024
ARENAS = 2  # by default there is one per thread, and parsing, embedding and OpenMP leave holes in each


def return_freed_memory() -> None:
    """Let glibc return blocks of a megabyte and more as soon as they are freed; do nothing without glibc.

    By default, glibc raises both thresholds as tensors are allocated and freed, and keeps the memory in each
    thread's arena. Call this before other threads start.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_ARENA_MAX, ARENAS)
        libc.mallopt(M_MMAP_THRESHOLD, THRESHOLD_BYTES)
        libc.mallopt(M_TRIM_THRESHOLD, THRESHOLD_BYTES)
