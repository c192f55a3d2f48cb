"""Many web sites in one process: `python -m tests.benchmarks.frontier.site_server PORT LOG`.

Every address of 127.0.0.0/8 is a site, and so a domain to politeness; HTTP/1.1 with keep-alive, each answer
LATENCY_SECONDS late. One line of the log a request: monotonic seconds at which its head had arrived,
address, path, status, User-Agent. Nothing is answered on other addresses than loopback.

    /robots.txt            allows all
    /site/N/               a front page that links to N pages
    /site/N/p/I            a page; each REDIRECT_EVERY-th redirects to /site/N/moved/I
    /hub/SECOND/N/         a front page that links to /site/0/ of N addresses from 127.SECOND.0.1 on
"""

import asyncio
import os
import re
import resource
import signal
import sys
import time
from contextlib import suppress
from typing import cast

LATENCY_SECONDS = 0.02
REDIRECT_EVERY = 10
HEAD = re.compile(rb"GET (\S+) HTTP/1\.1\r\n(?:.*\r\n)*?User-Agent: ([^\r\n]*)\r\n", re.IGNORECASE)
TEXT = "Opening hours, prices and answers to what is asked most often are kept here for all who come by. " * 3


def address(second: int, number: int) -> str:
    """Return an address of a scenario's own: 127.<second>.x.y, for numbers from 0 on."""
    return f"127.{second}.{number // 250}.{1 + number % 250}"


def redirects(number: int) -> bool:
    """Whether page `number` of a site lies elsewhere by now."""
    return number % REDIRECT_EVERY == REDIRECT_EVERY - 1


def answer(path: str, host: str, port: int) -> tuple[int, str, str]:
    """Return status, Location (or empty) and body."""
    match path.strip("/").split("/"):
        case ["robots.txt"]:
            return 200, "", "User-agent: *\nAllow: /\n"
        case ["site", pages]:
            return (
                200,
                "",
                page(f"{host} front", [f"/site/{pages}/p/{number}" for number in range(int(pages))]),
            )
        case ["hub", second, count]:
            hosts = (address(int(second), number) for number in range(int(count)))
            return 200, "", page(f"{host} hub", [f"http://{host}:{port}/site/0/" for host in hosts])
        case ["site", pages, "p", number] if redirects(int(number)):
            return 302, f"/site/{pages}/moved/{number}", ""
        case ["site", _, "p" | "moved", number]:
            return 200, "", page(f"{host} page {number}", [])
    return 404, "", ""


def page(title: str, links: list[str]) -> str:
    """Return a small page."""
    anchors = "".join(f'<a href="{link}">more</a>\n' for link in links)
    return (
        f"<!doctype html><html lang=en><head><title>{title}</title></head>"
        f"<body><main><h1>{title}</h1><p>{title}: {TEXT}</p></main><nav>{anchors}</nav></body></html>"
    )


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, log: int) -> None:
        self._log = log
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note which site it is for."""
        self._transport = cast("asyncio.Transport", transport)
        self._host, self._port = transport.get_extra_info("sockname")[:2]
        if not self._host.startswith("127."):
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Log each request as its head is complete; answer it a little later."""
        now = time.monotonic()
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            found = HEAD.match(head + b"\r\n")
            if found is None:
                self._transport.abort()
                return
            path, agent = found[1].decode(), found[2].decode()
            status, location, body = answer(path, self._host, self._port)
            os.write(self._log, f"{now:.6f}\t{self._host}\t{path}\t{status}\t{agent}\n".encode())
            asyncio.get_running_loop().call_later(LATENCY_SECONDS, self._send, status, location, body)

    def _send(self, status: int, location: str, body: str) -> None:
        kind = "text/html; charset=utf-8" if body.startswith("<") else "text/plain"
        where = f"Location: {location}\r\n" if location else ""
        head = f"HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\n{where}Content-Length: {len(body.encode())}"
        if not self._transport.is_closing():
            self._transport.write(f"{head}\r\n\r\n{body}".encode())


async def serve(port: int, log: int) -> None:
    """Serve until SIGTERM."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    # All of 127.0.0.0/8 can only be had with all other addresses, too: see connection_made.
    await loop.create_server(lambda: Connection(log), "0.0.0.0", port, backlog=4096)  # noqa: S104
    await stopped.wait()


def main(port: int, log: str) -> None:
    """Allow for a connection from each worker to each site; be there when requests come: they are timed."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with suppress(PermissionError):
        os.nice(-10)
    asyncio.run(serve(port, os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
