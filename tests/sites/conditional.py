"""A site that answers conditional requests (RFC 9110, section 13), or wrongly where a test says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler

from tests.sites.server import Answer, Site

Headers = Mapping[str, str]
NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what it was answered with."""

    path: str
    conditions: Headers
    """Its If-None-Match and If-Modified-Since, where it had them."""
    status: int
    body_bytes: int


class ConditionalSite(Site):
    """A running site whose answers' ETag and Last-Modified are kept to; `exchanges` is what went on."""

    def __init__(self, routes: dict[str, Answer]) -> None:
        self.exchanges: list[Exchange] = []
        self.instead: dict[str, Answer] = {}
        """By path: what is sent whenever a request has conditions, whatever these are."""
        self.always: dict[str, Answer] = {}
        """By path: what is sent whatever is asked."""
        super().__init__({**routes})

    def answer(self, path: str, conditions: Headers) -> Answer:
        """Return what a request gets."""
        if path in self.always:
            return self.always[path]
        if conditions and path in self.instead:
            return self.instead[path]
        route = self.routes.get(path, Answer(b"not here", "text/plain", 404))
        assert isinstance(route, Answer)
        if not conditions or route.status != 200 or _changed(route.headers, conditions):
            return route
        return Answer(b"", None, NOT_MODIFIED, route.headers)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self
        parent = super()._handler()

        class Handler(parent):  # type: ignore[valid-type, misc] # made by the call above
            def do_GET(self) -> None:  # noqa: N802 - the standard library's name
                conditions = {
                    name: self.headers[name]
                    for name in ("If-None-Match", "If-Modified-Since")
                    if name in self.headers
                }
                answer = site.answer(self.path, conditions)
                site.exchanges.append(Exchange(self.path, conditions, answer.status, len(answer.body)))
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.content_type is not None:
                    self.send_header("Content-Type", answer.content_type)
                if answer.status != NOT_MODIFIED:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

        return Handler


def _changed(validators: Headers, conditions: Headers) -> bool:
    """RFC 9110, section 13.2.2: entity tags first, compared weakly; dates only where none was sent."""
    if "If-None-Match" in conditions:
        own = validators.get("ETag", "").removeprefix("W/")
        return not own or conditions["If-None-Match"].removeprefix("W/") != own
    own = validators.get("Last-Modified", "")
    since = conditions["If-Modified-Since"]
    return not own or parsedate_to_datetime(own) > parsedate_to_datetime(since)
