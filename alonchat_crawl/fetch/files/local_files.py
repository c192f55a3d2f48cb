"""The local files of an upload from a terminal: lists them once, and reads each by its listed path."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from alonchat_crawl.errors import GiveUp, Refused, Retry, StartupError
from alonchat_crawl.fetch.files.upload_urls import BULK_OFF, FILES_MAX
from alonchat_crawl.reasons import Reason


def local_paths(argument: str, *, bulk: bool) -> list[Path]:
    """Return the files that an argument names: one path, or several separated by `:`, of files or folders.

    In folders, hidden files and symbolic links are left out. Raises StartupError.
    """
    one = Path(argument).exists()
    names = [argument] if one else [name for name in argument.split(os.pathsep) if name]
    paths: dict[Path, None] = {}
    for name in names:
        path = Path(os.path.realpath(Path(name).expanduser()))
        if not path.exists():
            raise StartupError(f"{name} does not exist: give a file, or a folder of files.")
        if path.is_dir() and not bulk:
            raise StartupError(f"{name} is a folder: to take in all of it {BULK_OFF}.")
        for found in _files_in(path) if path.is_dir() else [path]:
            paths[found] = None
            if len(paths) > FILES_MAX:
                raise StartupError(f"{name} has more than {FILES_MAX} files: take them in part by part.")
    if not paths:
        raise StartupError(f"{argument} holds no file.")
    return list(paths)


def _files_in(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if not name.startswith(".") and stat.S_ISREG(path.lstat().st_mode):
                yield path


def read_local(path: Path, max_bytes: int) -> bytes:
    """Return the content of a regular file of at most `max_bytes`. Follows no symbolic link.

    Raises Refused if it is larger, GiveUp if it is not a regular file, Retry if the disk fails.
    """
    try:
        # Non-blocking: a named pipe, put in its place meanwhile, must not make us wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise GiveUp(Reason.FILE_UNREADABLE, f"{path.name} cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise GiveUp(Reason.FILE_UNREADABLE, f"{path.name} is no regular file")
    with os.fdopen(descriptor, "rb") as file:
        try:
            body = file.read(max_bytes + 1)
        except OSError as error:
            raise Retry(Reason.DISK, f"{path.name} cannot be read: {error.strerror}") from None
    if len(body) > max_bytes:
        raise Refused(Reason.TOO_LARGE, f"{path.name} is larger than MAX_FILE_SIZE_MB")
    return body
