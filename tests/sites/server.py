"""A web site on loopback for tests: answers from a table and remembers what it was asked."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic


@dataclass(frozen=True, slots=True)
class Answer:
    """What a path answers with."""

    body: bytes = b""
    content_type: str | None = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    chunked: bool = False
    """Whether its length is not told beforehand."""


Route = Answer | Callable[[int], Answer]
"""A fixed answer, or one made from how often the path was asked for before."""


class Site:
    """A running site; `routes` may be changed while it runs."""

    def __init__(self, routes: dict[str, Route], address: str = "127.0.0.1") -> None:
        self.routes = routes
        self.asked: list[tuple[float, str]] = []
        """(monotonic seconds, path with query) of every request, in order."""
        self._server = ThreadingHTTPServer((address, 0), self._handler())
        self.host = f"{address}:{self._server.server_address[1]}"
        self.url = f"http://{self.host}"

    @property
    def paths(self) -> list[str]:
        """The paths asked for, in order."""
        return [path for _, path in self.asked]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # headers and body go out in two writes

            def do_GET(self) -> None:
                before = site.paths.count(self.path)
                site.asked.append((monotonic(), self.path))
                route = site.routes.get(self.path, Answer(b"not here", "text/plain", 404))
                answer = route(before) if callable(route) else route
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.content_type is not None:
                    self.send_header("Content-Type", answer.content_type)
                if answer.chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                else:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(answer.body), answer.body)
                with suppress(ConnectionError):  # it is told that the body is too large, or comes again
                    self.wfile.write(chunk if answer.chunked else answer.body)

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        return Handler

    @contextmanager
    def serving(self) -> Iterator["Site"]:
        """Serve inside the `with`."""
        thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


def page(title: str, text: str, links: tuple[str, ...] = (), head: str = "") -> Answer:
    """An ordinary HTML page."""
    anchors = "".join(f'<li><a href="{link}">to {link}</a></li>' for link in links)
    html = (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title>{head}</head>"
        f"<body><main><h1>{title}</h1><p>{text}</p><ul>{anchors}</ul></main></body></html>"
    )
    return Answer(html.encode())
