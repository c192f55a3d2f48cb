"""The embedded servers, with everything that may happen to them and to those who start them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import psycopg
import pytest
import redis

from alonchat_crawl.errors import StartupError
from alonchat_crawl.servers import embedded

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
USE = """
import os, signal, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
from alonchat_crawl.servers import embedded
from alonchat_crawl.errors import StartupError
if len(sys.argv) > 3:
    # What is imported later must be found now: the new user may not be able to read Python's folder.
    embedded._valkey(Path("/nowhere")), embedded._postgres(Path("/nowhere"))
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
try:
    print(embedded.redis_url(Path(sys.argv[1])), embedded.database_url(Path(sys.argv[1])), flush=True)
except StartupError as error:
    raise SystemExit(f"StartupError: {error}")
if "stop" in sys.argv:
    print(embedded.stop(Path(sys.argv[1])))
time.sleep(float(sys.argv[2]))
"""
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="takes on another user's identity")


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder with a path short enough for sockets, whose servers are stopped."""
    with TemporaryDirectory(prefix="data-") as above:
        folder = Path(above) / "data"
        yield folder
        embedded.stop(folder)


def use(
    folder: Path, *arguments: str, prefix: tuple[str, ...] = (), stay: float = 0
) -> subprocess.Popen[str]:
    """Use both servers in a process of its own, which prints their URLs."""
    return subprocess.Popen(
        [*prefix, sys.executable, "-W", "error", "-c", USE, str(folder), str(stay), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def processes(folder: Path) -> list[psutil.Process]:
    """The processes of a folder's servers."""
    home = folder.resolve()
    return [*embedded._valkey(home).processes(), *embedded._postgres(home).processes()]


def parents(folder: Path) -> set[int]:
    """The pids of a folder's servers, without their children."""
    pids = {process.pid for process in processes(folder)}
    return {process.pid for process in processes(folder) if process.ppid() not in pids}


def test_started_once(data_dir: Path) -> None:
    """Processes that need the servers at the same moment share one of each."""
    users = [use(data_dir) for _ in range(3)]
    answers = {user.communicate() for user in users}
    assert len(answers) == 1, answers
    assert [user.returncode for user in users] == [0, 0, 0]
    assert len(parents(data_dir)) == 2


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_starter_ends(data_dir: Path, how: signal.Signals) -> None:
    """Ctrl-C on the starter's terminal or its `kill -9` leaves the servers to whoever comes next."""
    with use(data_dir, stay=600) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline()
        before = parents(data_dir)
        os.killpg(starter.pid, how)
        starter.communicate()
    with use(data_dir) as user:
        assert user.communicate()[1] == ""
    assert parents(data_dir) == before


@pytest.mark.parametrize(
    "sign", ["lock", "valkey.log", "postgres.new-*", "postgres.new-*/base", "postgres.log"]
)
def test_starter_killed_half_way(data_dir: Path, sign: str) -> None:
    """A starter may be killed at any moment of the start."""
    with use(data_dir, stay=600) as starter:
        while not list(data_dir.glob(sign)):
            time.sleep(0.001)
        starter.kill()
    with use(data_dir) as user:
        assert user.communicate()[1] == ""
    assert len(parents(data_dir)) == 2


@pytest.mark.parametrize("children_too", [True, False])
def test_servers_killed(data_dir: Path, *, children_too: bool) -> None:
    """After `kill -9` of the servers the next use starts them, with what was committed."""
    with redis.Redis.from_url(embedded.redis_url(data_dir)) as client:
        client.set("kept", "yes")
    with psycopg.connect(embedded.database_url(data_dir)) as connection:
        connection.execute("create table kept as select 1 as one")
    for process in processes(data_dir) if children_too else map(psutil.Process, parents(data_dir)):
        process.kill()

    with redis.Redis.from_url(embedded.redis_url(data_dir)) as client:
        assert client.get("kept") == b"yes"
    with psycopg.connect(embedded.database_url(data_dir)) as connection:
        assert connection.execute("select one from kept").fetchone() == (1,)
    assert len(parents(data_dir)) == 2


def test_folder_deleted(data_dir: Path) -> None:
    """Servers whose folder was deleted under them are replaced, and stopped."""
    embedded.redis_url(data_dir)
    embedded.database_url(data_dir)
    before = parents(data_dir)
    shutil.rmtree(data_dir)
    embedded.redis_url(data_dir)
    embedded.database_url(data_dir)
    assert len(parents(data_dir) - before) == 2
    shutil.rmtree(data_dir)
    assert "valkey-server" in embedded.stop(data_dir)  # Postgres may have ended itself
    assert processes(data_dir) == []
    assert not data_dir.exists()


def test_down(data_dir: Path) -> None:
    """`scrapy down` stops what runs, leaves no process and no lock, and says so; the data stays."""

    def down() -> str:
        return subprocess.run(
            [sys.executable, "-m", "scrapy", "down"],
            cwd=ROOT,
            env={**os.environ, "ALONCHAT_DATA_DIR": str(data_dir)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    assert down() == f"No server was running in {data_dir}.\n"
    assert not data_dir.exists()
    with psycopg.connect(embedded.database_url(data_dir)) as connection:
        connection.execute("create table kept ()")
        connection.commit()
        embedded.redis_url(data_dir)
        assert down() == "Stopped valkey-server and postgres.\n"
        connection.close()
    assert processes(data_dir) == []
    assert down() == f"No server was running in {data_dir}.\n"
    with psycopg.connect(embedded.database_url(data_dir)) as connection:
        connection.execute("select from kept")


def test_settings_of_the_servers(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is evicted or unlogged, no port is open, and foreign PG* variables change nothing."""
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGHOST", "nowhere.invalid")
    monkeypatch.setenv("PGDATA", "/nowhere")
    with redis.Redis.from_url(embedded.redis_url(data_dir)) as client:
        found = client.config_get("maxmemory-policy", "appendonly", "appendfsync", "port", "save")
    assert found == {
        "maxmemory-policy": "noeviction",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "port": "0",
        "save": "",
    }
    with psycopg.connect(embedded.database_url(data_dir)) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)
        assert connection.execute("show server_encoding").fetchone() == ("UTF8",)
        connection.execute("create extension vector")
    for process in processes(data_dir):
        assert all(at.status != psutil.CONN_LISTEN for at in process.net_connections("inet"))


def test_full_house(data_dir: Path) -> None:
    """A Postgres without a connection left is busy, not dead: it is not restarted."""
    url = embedded.database_url(data_dir)
    before = parents(data_dir)
    guests = [psycopg.connect(url) for _ in range(100)]
    with pytest.raises(psycopg.OperationalError, match="too many clients"):
        psycopg.connect(url)
    assert embedded.database_url(data_dir) == url
    assert parents(data_dir) == before
    for guest in guests:
        guest.close()


def test_long_path(tmp_path: Path) -> None:
    """A path too long for a socket works: the sockets lie in a short folder that is ours alone."""
    folder = tmp_path / ("long" * 30)
    sockets = embedded._sockets_path(folder)
    with use(folder) as user:
        assert user.communicate()[1] == ""
    try:
        assert (sockets.stat().st_mode & 0o777, sockets.stat().st_uid) == (0o700, os.geteuid())
        with psycopg.connect(embedded.database_url(folder)) as connection:
            connection.execute("select 1")
    finally:
        assert embedded.stop(folder) == ["valkey-server", "postgres"]
    assert not sockets.exists()


def test_trap_for_a_long_path(tmp_path: Path) -> None:
    """What somebody laid where the short folder would be is not used."""
    folder = tmp_path / ("long" * 30)
    sockets = embedded._sockets_path(folder)
    sockets.symlink_to(tmp_path)
    try:
        with pytest.raises(StartupError, match="is not a folder of uid"):
            embedded.database_url(folder)
    finally:
        sockets.unlink()


@pytest.mark.parametrize("in_the_way", ["", "valkey", "postgres", "sockets", "lock"])
def test_in_the_way(data_dir: Path, in_the_way: str) -> None:
    """A file where a folder must be, or the other way round, is told in one sentence."""
    path = data_dir / in_the_way
    path.parent.mkdir(exist_ok=True)
    path.mkdir() if in_the_way == "lock" else path.touch()
    with use(data_dir) as user:
        error = user.communicate()[1]
    assert error.startswith("StartupError: ")
    assert str(data_dir) in error
    assert error.count("\n") == 1
    if path.is_dir():
        path.rmdir()


def test_file_above(tmp_path: Path) -> None:
    """A data folder below a file is told in one sentence."""
    (tmp_path / "file").touch()
    with pytest.raises(StartupError, match=r"^ALONCHAT_DATA_DIR=.* Not a directory .*\.$"):
        embedded.database_url(tmp_path / "file" / "data")
    assert embedded.stop(tmp_path / "file" / "data") == []


@only_root
@pytest.mark.parametrize(
    ("options", "words"),
    [("ro", "Read-only file system"), ("size=1m", "No space left on device"), ("size=16m", "No space left")],
)
def test_disk(tmp_path: Path, options: str, words: str) -> None:
    """A read-only or full disk is told in one sentence."""
    mount = f'mount -t tmpfs -o {options} none "$0" && exec "$@"'
    prefix = ("unshare", "--mount", "sh", "-c", mount, str(tmp_path))
    if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("needs to mount")
    with use(tmp_path / "data", prefix=prefix) as user:
        error = user.communicate()[1]
    embedded.stop(tmp_path / "data")
    assert error.startswith("StartupError: ")
    assert words in error
    assert error.count("\n") == 1


def test_other_major_version(data_dir: Path) -> None:
    """A cluster that this Postgres cannot read is told in Postgres' own words."""
    embedded.database_url(data_dir)
    embedded.stop(data_dir)
    (data_dir / "postgres" / "PG_VERSION").write_text("11\n")
    with pytest.raises(StartupError, match=r"cannot start: .*FATAL: .* incompatible with server$"):
        embedded.database_url(data_dir)


@only_root
def test_ordinary_user(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An ordinary user starts, shares and stops servers; root refuses that user's folder."""
    home = Path("/tmp") / f"{tmp_path_factory.mktemp('x').parent.name}-ordinary"  # noqa: S108 - to be entered by others
    home.mkdir()
    os.chown(home, 65534, 65534)
    try:
        users = [use(home / "data", "nobody") for _ in range(2)]
        answers = {user.communicate() for user in users}
        assert len(answers) == 1, answers
        assert [user.returncode for user in users] == [0, 0], answers
        with pytest.raises(StartupError, match="is not a folder of uid 0"):
            embedded.database_url(home / "data")
        assert {process.uids().real for process in processes(home / "data")} == {65534}
        with use(home / "data", "nobody", "stop") as user:
            assert user.communicate()[0].endswith("\n['valkey-server', 'postgres']\n")
    finally:
        shutil.rmtree(home)


@only_root
def test_no_user_namespaces(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where root has no user namespaces, Postgres runs as `nobody`, also on files that were root's."""
    home = Path("/tmp") / f"{tmp_path_factory.mktemp('x').parent.name}-nobody"  # noqa: S108 - to be entered by others
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "unshare").write_text("#!/bin/sh\nexit 1\n")
    (home / "bin" / "unshare").chmod(0o755)
    try:
        embedded.database_url(home / "was-root's")
        embedded.stop(home / "was-root's")
        monkeypatch.setenv("PATH", f"{home / 'bin'}:{os.environ['PATH']}")
        for folder in (home / "was-root's", home / "new"):
            with psycopg.connect(embedded.database_url(folder)) as connection:
                connection.execute("create extension vector")
            assert {process.uids().real for process in processes(folder)} == {65534}
            assert embedded.stop(folder) == ["postgres"]
            assert processes(folder) == []
    finally:
        shutil.rmtree(home)
