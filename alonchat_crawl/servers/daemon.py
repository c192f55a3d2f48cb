"""Starts, finds and stops a server that outlives the process which started it."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import psutil

from alonchat_crawl.errors import StartupError

START_SECONDS = 60.0  # after a crash, a server replays its log before it answers
STOP_SECONDS = 20.0  # enough for a checkpoint on a slow disk; then the next signal is sent
POLL_SECONDS = 0.01


class State(Enum):
    """Whether a server can serve."""

    GONE = "gone"  # nothing listens
    BUSY = "busy"  # it listens, but cannot serve yet: it is starting or loading
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Daemon:
    """How to run one server. The caller holds a lock, so that no two starts or stops run at once."""

    name: str
    """Name of its process, as the kernel reports it."""
    home: Path
    """Absolute path of its data and its working directory, by which its processes are recognised."""
    log: Path
    """Its output since it started. The log of the run before is kept as `.log.old`."""
    command: Sequence[str]
    probe: Callable[[], State]
    stop_signals: Sequence[signal.Signals]
    """From gentle to forceful, STOP_SECONDS apart."""
    leftovers: Sequence[Path] = ()
    """Files that a crash leaves behind, and that would say it still runs."""

    def start(self) -> None:
        """Start it unless it runs; return when it is ready. Raises StartupError."""
        deadline = time.monotonic() + START_SECONDS
        while (state := self.probe()) is State.BUSY:
            self._wait(deadline)
        if state is State.READY:
            return
        self.stop()  # processes that a crash left behind still hold memory and files
        for leftover in self.leftovers:
            leftover.unlink(missing_ok=True)
        pid = self._launch()
        while self.probe() is not State.READY:
            if not _alive(pid):
                raise StartupError(f"The embedded {self.name} cannot start: {last_words(self.log)}")
            self._wait(deadline)

    def stop(self) -> bool:
        """Stop its processes, orphans included; return whether there were any. Raises StartupError."""
        found = bool(self.processes())
        for stop_signal in (*self.stop_signals, signal.SIGKILL):
            self._signal(stop_signal)
            deadline = time.monotonic() + STOP_SECONDS
            while self.processes() and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
            if not self.processes():
                return found
        raise StartupError(f"The embedded {self.name} in {self.home} cannot be stopped.")

    def processes(self) -> list[psutil.Process]:
        """Return its live processes, children included, found by name, user and working directory.

        A pid file will not do: after a reboot the pid may be another program's, and the file is missing if
        the process that started the server was killed at the wrong moment.
        """
        users = {os.geteuid(), _owner(self.home)}
        found = []
        for process in psutil.process_iter():
            try:
                ours = process.name() == self.name and process.uids().real in users
                if ours and Path(process.cwd()) == self.home and _sees_our_files(process.pid):
                    found.append(process)
            except (psutil.Error, OSError):  # it has just ended or is a zombie
                continue
        return found

    def _signal(self, stop_signal: signal.Signals) -> None:
        processes = self.processes()
        pids = {process.pid for process in processes}
        for process in processes:
            try:
                if process.ppid() not in pids:  # a parent ends its own children
                    process.send_signal(stop_signal)
            except psutil.NoSuchProcess:
                continue

    def _launch(self) -> int:
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.old"))
        with self.log.open("wb") as log:
            # The shell ends at once, so that init adopts the server and we never have to reap it.
            launched = subprocess.run(  # noqa: S603 - our own programs
                ["/bin/sh", "-c", '"$@" 1>&2 </dev/null & echo $!', "sh", *self.command],
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                check=True,
                **as_owner_of(self.home),
            )
        return int(launched.stdout)

    def _wait(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise StartupError(
                f"The embedded {self.name} does not answer within {START_SECONDS:.0f} s; see {self.log}."
            )
        time.sleep(POLL_SECONDS)


def as_owner_of(home: Path) -> dict[str, Any]:
    """Return subprocess arguments: run in `home`, as its owner, without our secrets and PG* variables."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    arguments: dict[str, Any] = {"cwd": home, "env": environment}
    if os.geteuid() == 0 and _owner(home) != 0:
        arguments |= {"user": _owner(home), "group": home.stat().st_gid, "extra_groups": []}
    return arguments


def last_words(log: Path) -> str:
    """Return a log's last fatal line; its last line if there is no fatal one."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    fatal = [line for line in lines if "FATAL" in line or "PANIC" in line]
    return (fatal or lines or ["it printed nothing."])[-1]


def _owner(home: Path) -> int:
    return home.stat().st_uid if home.exists() else os.geteuid()


def _sees_our_files(pid: int) -> bool:
    """Whether a process has the same root folder as we; false if it runs in a container."""
    root = Path(f"/proc/{pid}/root")
    return not root.is_symlink() or root.samefile("/")


def _alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
