"""A real clamd for the tests, with deploy/clamd.conf and a database that knows EICAR alone."""

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from alonchat_crawl.policies.scan.scanner import EICAR

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "deploy" / "clamd.conf"
START_SECONDS = 30.0
KNOWS_EICAR = f"Eicar-Test-Signature:0:0:{EICAR.hex()}\n"  # at a file's beginning only: it must be unpacked
KNOWS_ANOTHER = f"Another:0:0:{b'another virus altogether'.hex()}\n"
OWN = ("User", "DatabaseDirectory", "LocalSocket")


def find_clamd() -> str | None:
    """Where the program is: the machine's own, or the one that `make test` has fetched."""
    fetched = ROOT / ".venv" / "clamav" / "clamd"
    return shutil.which("clamd") or shutil.which("/usr/sbin/clamd") or shutil.which(fetched)


class OwnClamd:
    """A clamd in a folder of its own, on a unix socket and a free port: to be stopped, frozen, restarted."""

    def __init__(self, program: str, home: Path) -> None:
        self.path = home / "s"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._program = program
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """What CLAMD_ADDRESS is."""
        return f"unix://{self.path}"

    @property
    def tcp_address(self) -> str:
        """The same clamd over TCP."""
        return f"tcp://localhost:{self.port}"

    def start(self, *changed: str, signatures: str = KNOWS_EICAR) -> None:
        """Start it, each line in `changed` in place of the configuration's own; return when it listens."""
        database = self._home / "database"
        database.mkdir(exist_ok=True)
        (database / "test.ndb").write_text(signatures)
        given = (
            *changed, "Foreground yes", f"DatabaseDirectory {database}", f"LocalSocket {self.path}",
            f"TCPSocket {self.port}", "TCPAddr localhost",
        )  # fmt: skip
        names = (*OWN, *(line.split()[0] for line in changed))
        kept = [line for line in CONFIGURATION.read_text().splitlines() if not line.startswith(names)]
        configuration = self._home / "clamd.conf"
        configuration.write_text("\n".join([*kept, *given, ""]))
        with (self._home / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(configuration)], stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            said = (self._home / "log").read_text()
            assert self._process.poll() is None, f"clamd ended: {said}"
            assert time.monotonic() < deadline, f"clamd does not answer: {said}"
            time.sleep(0.01)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            try:
                connection.connect(str(self.path))
                connection.sendall(b"zPING\0")
                return connection.recv(16) == b"PONG\0"
            except OSError:
                return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(how)
            self._process.wait()
        self._process = None

    def freeze(self) -> None:
        """Let it take connections, and never answer."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def own_clamd() -> Iterator[OwnClamd]:
    """A clamd that is not started yet; skips the test where there is no such program."""
    program = find_clamd()
    if program is None:
        pytest.skip("no clamd: install clamav-daemon, or have apt-get and a network and run `make test`")
    with tempfile.TemporaryDirectory(prefix="c") as home:  # a socket's path is 107 characters at most
        server = OwnClamd(program, Path(home))
        try:
            yield server
        finally:
            server.stop(signal.SIGKILL)
