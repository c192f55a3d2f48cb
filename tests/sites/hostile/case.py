"""One page of the hostile site, and what must become of it."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

STORED = "stored:"
Raw = Callable[[], AsyncIterator[bytes]]
"""Writes an answer itself, from its status line on, at its own speed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An ordinary answer to an attack's request."""

    body: bytes = b""
    content_type: str | None = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return it as it goes over the wire."""
        headers = {"Content-Length": str(len(self.body)), "Connection": "close", **self.headers}
        if self.content_type is not None:
            headers = {"Content-Type": self.content_type, **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} Status\r\n{lines}\r\n".encode() + self.body


Route = Reply | Raw


@dataclass(frozen=True, slots=True)
class Case:
    """A URL that the front page leads to."""

    url: str
    """A path of the site, or a whole URL in which PORT stands for the site's port."""
    ending: str
    """`outcome:reason`, as the frontier counts it; of several that are as good, separated by ` | `."""
    route: Route | None = None
    """None where nobody answers, or none may ask."""
    also: Mapping[str, Route] = field(default_factory=dict)
    """Further paths that it needs; what becomes of them is not looked at."""


@dataclass(frozen=True, slots=True)
class Trap:
    """Pages without end below a prefix."""

    prefix: str
    """Of the URL's path and query; or a part of a host, see `traps.py`."""
    reason: str
    """With which it is stopped."""
    most: int
    """Requests that it may cost."""
    page: Callable[[str, str], Reply]
    """From the host and the path with its query."""
    start: str = ""
    """The path that the front page links to; empty for the prefix."""


FILLER = "This page explains one thing at a length that any extractor takes for an article. " * 2


def html(title: str, text: str, links: tuple[str, ...] = (), head: str = "") -> Reply:
    """Return an ordinary page."""
    anchors = "".join(f'<li><a href="{link}">on</a></li>' for link in links)
    return Reply(
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title>{head}</head>"
        f"<body><main><h1>{title}</h1><p>{text}</p><ul>{anchors}</ul></main></body></html>".encode()
    )


def moved(location: str, status: int = 302) -> Reply:
    """Return a redirect."""
    return Reply(b"", None, status, {"Location": location})
