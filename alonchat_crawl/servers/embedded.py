"""The embedded Valkey and Postgres, from wheels, which are used if REDIS_URL or DATABASE_URL is not set.

They live in a data folder, start at first use, serve all processes that use the folder, and run until `stop`.
Only their owner can reach them: their sockets have mode 0700, and they open no port.
"""

import hashlib
import os
import shutil
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from subprocess import CalledProcessError
from urllib.parse import quote

from filelock import FileLock, Timeout

from alonchat_crawl.errors import StartupError
from alonchat_crawl.servers import postgres, valkey
from alonchat_crawl.servers.daemon import START_SECONDS, Daemon, State

SOCKETS_PATH_MAX_BYTES = 76
"""Leaves room for `/postgres/.s.PGSQL.5432`: a socket's path has at most 107 bytes on Linux, 103 on macOS."""


def redis_url(data_dir: Path) -> str:
    """Start the folder's Valkey unless it runs; return its unix:// URL. Raises StartupError."""
    with _explained(data_dir):
        folder = _folder(data_dir)
        if valkey.state(_sockets(folder) / "valkey.sock") is not State.READY:
            with lock(data_dir):
                (folder / "valkey").mkdir(mode=0o700, exist_ok=True)
                _valkey(folder).start()
        return f"unix://{quote(str(_sockets(folder) / 'valkey.sock'))}"


def database_url(data_dir: Path) -> str:
    """Start the folder's Postgres unless it runs; return its database's URL. Raises StartupError."""
    with _explained(data_dir):
        folder = _folder(data_dir)
        if postgres.state(_sockets(folder) / "postgres") is not State.READY:
            with lock(data_dir):
                home = folder / "postgres"
                if not home.exists():
                    # A Postgres whose folder was deleted writes pg_control there when it ends, which would
                    # spoil a new cluster.
                    _postgres(folder).stop()
                postgres.initialise(home, _sockets(folder) / "postgres")
                _postgres(folder).start()  # a new Daemon: its command depends on who owns the files now
        return postgres.url(_sockets(folder) / "postgres")


def stop(data_dir: Path) -> list[str]:
    """Stop the folder's servers; return the names of those that were running. Raises StartupError."""
    folder = data_dir.resolve()
    with _explained(data_dir), lock(folder) if folder.is_dir() else nullcontext():
        stopped = [server.name for server in (_valkey(folder), _postgres(folder)) if server.stop()]
        shutil.rmtree(_sockets_path(folder), ignore_errors=True)
    return stopped


@contextmanager
def lock(data_dir: Path) -> Iterator[None]:
    """Hold the folder's lock, as every start and stop does. The kernel frees it if the holder dies."""
    with FileLock(data_dir.resolve() / "lock", timeout=2 * START_SECONDS):
        yield


@contextmanager
def _explained(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except Timeout:
        raise StartupError(
            f"ALONCHAT_DATA_DIR={data_dir} is locked by a process that has been starting or stopping "
            f"servers in it for {2 * START_SECONDS:.0f} s; see who has {data_dir / 'lock'} open."
        ) from None
    except (OSError, CalledProcessError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        where = f" ({error.filename})" if isinstance(error, OSError) and error.filename else ""
        raise StartupError(
            f"ALONCHAT_DATA_DIR={data_dir} cannot be used: {reason}{where}; "
            "set it to a folder that this user can write to."
        ) from None


def _folder(data_dir: Path) -> Path:
    """Make the folder if it is missing, and return it. It must be ours: others could plant files in it."""
    folder = data_dir.resolve()
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700, parents=True)
    _check_ours(folder)
    return folder


def _sockets_path(folder: Path) -> Path:
    sockets = folder / "sockets"
    if len(os.fsencode(sockets)) <= SOCKETS_PATH_MAX_BYTES:
        return sockets
    # Not in $TMPDIR: all processes that share the data must compute the same path.
    return Path("/tmp") / f"alonchat-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:20]}"  # noqa: S108 - see _check_ours


def _sockets(folder: Path) -> Path:
    sockets = _sockets_path(folder)
    with suppress(FileExistsError):
        sockets.mkdir(mode=0o700)
    _check_ours(sockets)
    return sockets


def _check_ours(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise StartupError(
            f"{folder} is not a folder of uid {os.geteuid()}, so the embedded servers will not run in it; "
            "set ALONCHAT_DATA_DIR to one that is."
        )


def _valkey(folder: Path) -> Daemon:
    unix_socket = _sockets_path(folder) / "valkey.sock"
    return Daemon(
        name="valkey-server",
        home=folder / "valkey",
        log=folder / "valkey.log",
        command=valkey.command(folder / "valkey", unix_socket),
        probe=partial(valkey.state, unix_socket),
        stop_signals=[signal.SIGTERM],
    )


def _postgres(folder: Path) -> Daemon:
    home, sockets = folder / "postgres", _sockets_path(folder) / "postgres"
    return Daemon(
        name="postgres",
        home=home,
        log=folder / "postgres.log",
        command=postgres.command(home, sockets),
        probe=partial(postgres.state, sockets),
        stop_signals=[signal.SIGINT, signal.SIGQUIT],
        # Postgres believes them if any process has the pid in them, even a zombie or another program.
        leftovers=[home / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"],
    )
