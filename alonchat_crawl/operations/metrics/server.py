"""The HTTP port of a worker: /metrics, /healthz and /readyz."""
# Twisted's web server is only half typed.
# mypy: disable-error-code="no-untyped-call"

import asyncio
import errno
import json
import re
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from twisted.internet.error import CannotListenError
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from alonchat_crawl.errors import StartupError
from alonchat_crawl.operations.metrics.health import Readiness

MAX_PORT: Final = 65_535


def ports_of(value: str) -> range:
    """Return the ports that METRICS_PORT names: one port or a range; 0 means any free port.

    Raises StartupError for anything else.
    """
    if found := re.fullmatch(r"\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?", value, re.ASCII):
        first, last = int(found[1]), int(found[2] or found[1])
        if first <= last <= MAX_PORT and (first > 0 or last == 0):
            return range(first, last + 1)
    raise StartupError(
        f"METRICS_PORT={value} cannot be used: it is a port up to {MAX_PORT}, 0 for any free one, "
        "or a range such as 9410-9509."
    )


def listen(site: Site, host: str, value: str) -> Any:
    """Listen on the first free port that METRICS_PORT names; return Twisted's port.

    Raises StartupError if none is free or the host is not this machine's.
    """
    from twisted.internet import reactor  # noqa: PLC0415 - Scrapy chooses it after this file is imported

    listen_tcp: Any = reactor.listenTCP  # typed by its interface, with `self`
    for number in ports_of(value):
        try:
            return listen_tcp(number, site, interface=host)
        except CannotListenError as error:
            if getattr(error.socketError, "errno", None) != errno.EADDRINUSE:
                raise StartupError(
                    f"METRICS_HOST={host}, METRICS_PORT={value} cannot be listened on: {error.socketError}."
                ) from error
    one = value.strip().isdecimal()
    raise StartupError(
        f"METRICS_PORT={value} is in use on {host}: choose another or a range such as 9410-9509."
        if one
        else f"METRICS_PORT={value}: every port of it is in use on {host}: choose another range."
    )


def site_of(registry: CollectorRegistry, readiness: Readiness) -> Site:
    """Return the web site of a worker."""
    root: Any = Resource()
    root.putChild(b"metrics", _Metrics(registry))
    root.putChild(b"healthz", _Health())
    root.putChild(b"readyz", _Ready(readiness))
    return Site(root)


class _Metrics(Resource):
    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        self.registry = registry

    def render_GET(self, request: Request) -> bytes:  # noqa: N802 - Twisted's name
        accept = request.getHeader("accept") or ""
        encode, content_type = choose_encoder(accept)
        request.setHeader("content-type", content_type)
        return encode(self.registry)


class _Health(Resource):
    def render_GET(self, request: Request) -> bytes:  # noqa: N802
        """Answering is the check, since this runs in the event loop that does the work."""
        request.setHeader("content-type", "text/plain; charset=utf-8")
        return b"ok\n"


class _Ready(Resource):
    def __init__(self, readiness: Readiness) -> None:
        super().__init__()
        self.readiness = readiness
        self._answering: set[asyncio.Task[None]] = set()

    def render_GET(self, request: Request) -> int:  # noqa: N802
        task = asyncio.ensure_future(self._answer(request))
        self._answering.add(task)  # asyncio keeps only a weak reference
        task.add_done_callback(self._answering.discard)
        request.notifyFinish().addErrback(lambda _: task.cancel())
        return int(NOT_DONE_YET)

    async def _answer(self, request: Request) -> None:
        missing = await self.readiness.missing()
        request.setResponseCode(503 if missing else 200)
        request.setHeader("content-type", "application/json")
        request.write(json.dumps({"ready": not missing, "missing": missing}).encode() + b"\n")
        request.finish()
