"""A server that answers with whatever bytes it likes, counts who connects, and may speak TLS."""

import socket
import socketserver
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Lock, Thread

Script = bytes | Callable[[socket.socket], None]
"""What a path is answered with: these bytes, and the connection stays open; or what the function writes."""


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An answer whose length is told."""
    head = "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers))
    return f"{head}\r\n\r\n".encode() + body


class RawSite:
    """A running server; a connection counts whether or not it asks for something."""

    def __init__(
        self,
        scripts: Mapping[str, Script],
        address: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        greeting: bytes = b"",
    ) -> None:
        self.connections = 0
        self.heads: list[bytes] = []
        """What each request began with, up to its empty line."""
        lock, site = Lock(), self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with lock:
                    site.connections += 1
                stream = self.request
                if tls:
                    stream = tls.wrap_socket(stream, server_side=True, do_handshake_on_connect=False)
                with stream, suppress(OSError):
                    stream.sendall(greeting)  # shakes hands before
                    site._serve(stream, scripts)

        class Server(socketserver.ThreadingTCPServer):
            address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 64

        self._server = Server((address, port), Handler)
        self.port: int = self._server.server_address[1]

    def _serve(self, stream: socket.socket, scripts: Mapping[str, Script]) -> None:
        stream.settimeout(20)
        received = b""
        while data := stream.recv(65_536):
            received += data
            while b"\r\n\r\n" in received:
                head, _, received = received.partition(b"\r\n\r\n")
                self.heads.append(head)
                path = head.split(b" ", 2)[1].decode()
                script = scripts.get(path, http(b"here"))
                if isinstance(script, bytes):
                    stream.sendall(script)
                else:
                    script(stream)
                    return

    @contextmanager
    def serving(self) -> Iterator["RawSite"]:
        """Serve inside the `with`."""
        thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()
