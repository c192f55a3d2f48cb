"""Keeps a process small: freed memory goes back to the system."""

import ctypes

M_TRIM_THRESHOLD = -1  # mallopt(3)
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8
THRESHOLD_BYTES = 1024 * 1024
ARENAS = 2  # the default is one a thread, and parsing, embedding and OpenMP leave holes in each


def return_freed_memory() -> None:
    """Let glibc return blocks of a megabyte and more as soon as they are freed; do nothing without glibc.

    By default it raises both thresholds as tensors come and go, and keeps the memory in each thread's arena.
    Call this before there are other threads.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_ARENA_MAX, ARENAS)
        libc.mallopt(M_MMAP_THRESHOLD, THRESHOLD_BYTES)
        libc.mallopt(M_TRIM_THRESHOLD, THRESHOLD_BYTES)
