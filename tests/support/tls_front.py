"""What speaks TLS on a TCP port before a server on a Unix socket: those of the wheels speak none."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
"""What libpq asks before TLS begins: postgresql.org/docs/current/protocol-message-formats.html."""


class Front(ThreadingTCPServer):
    """Carries each connection, decrypted, to the server."""

    block_on_close = True

    def __init__(self, server: Path, context: ssl.SSLContext | None, *, postgres: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.behind = server
        self.context = context
        self.postgres = postgres
        self.port = self.server_address[1]
        self.encrypted = 0
        """Connections on which TLS was agreed."""


class _Connection(BaseRequestHandler):
    def handle(self) -> None:
        """Serve one client; whatever fails on the way ends its connection."""
        front = self.server
        assert isinstance(front, Front)
        with suppress(OSError):
            if front.postgres:
                assert self.request.recv(len(SSL_REQUEST), socket.MSG_WAITALL) in {SSL_REQUEST, b""}
                self.request.sendall(b"S" if front.context else b"N")
            client: socket.socket = self.request
            if front.context:
                client = front.context.wrap_socket(self.request, server_side=True)
                front.encrypted += 1
            with client, socket.socket(socket.AF_UNIX) as to_server:
                to_server.connect(str(front.behind))
                back = threading.Thread(target=_pipe, args=(to_server, client))
                back.start()
                _pipe(client, to_server)
                back.join()


def _pipe(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def front(server: Path, context: ssl.SSLContext | None, *, postgres: bool = False) -> Iterator[Front]:
    """Serve in a thread; without a context, in plain text. Clients must have closed by its end."""
    with Front(server, context, postgres=postgres) as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield served
        finally:
            served.shutdown()
            thread.join()
