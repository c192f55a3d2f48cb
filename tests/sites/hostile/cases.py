"""The whole site: its front page, what is good on it, and every attack."""

from dataclasses import replace

from alonchat_crawl.urls import canonical_url
from tests.sites.hostile import bombs, documents, feeds, hosts, markup, slow, ssrf
from tests.sites.hostile.case import FILLER, Reply, Route, html, moved
from tests.sites.hostile.server import HostileServer
from tests.sites.hostile.traps import QUIET, TRAPS

GOOD = tuple(f"/good/{name}" for name in ("shipping", "returns", "opening-hours", "contact", "from-sitemap"))
"""Pages like any shop's, each of which must be stored."""


def _canonical(url: str) -> str:
    return canonical_url(url) or url


class HostileSite(HostileServer):
    """`cases` is the table of what must become of each attack."""

    def __init__(self) -> None:
        super().__init__()
        cases = [
            *ssrf.cases(),
            *hosts.cases(),
            *bombs.cases(),
            *slow.cases(),
            *markup.cases(),
            *feeds.cases(),
            *documents.cases(),
        ]
        self.cases = tuple(replace(case, url=self._whole(case.url)) for case in cases)
        self._routes: dict[str, Route] = {"/robots.txt": feeds.robots(), "/": self._front()}
        for case in self.cases:
            if case.route is not None:
                self._routes["/" + _canonical(case.url).split("/", 3)[3]] = case.route
            self._routes |= case.also
        for path in GOOD:
            name = path.rpartition("/")[2]
            self._routes[path] = html(f"About {name}", f"All that there is to know about {name}: {FILLER}")
        self.answer = self._answer

    def _whole(self, url: str) -> str:
        return (self.url + url if url.startswith("/") else url).replace("PORT", str(self.port))

    def _front(self) -> Reply:
        """Lead to everything but the sitemaps, which robots.txt names."""
        traps = (trap.start or trap.prefix for trap in (*TRAPS, *QUIET))
        attacks = (case.url for case in self.cases if "/sitemap/" not in case.url)
        links = (*GOOD[:2], *attacks, *traps, *GOOD[2:4])
        return html("A shop like any other", FILLER, tuple(links))

    def _answer(self, host: str, path: str) -> Route | None:
        route = self._routes.get(path)
        if path == "/robots.txt" and host != "127.0.0.1":
            route = moved(hosts.ROBOTS_TO[host]) if host in hosts.ROBOTS_TO else None
        for trap in () if route is not None else (*TRAPS, *QUIET):
            if path.startswith(trap.prefix):
                route = trap.page(host, path)
                break
        if isinstance(route, Reply):
            port = str(self.port)
            where = {name: value.replace("PORT", port) for name, value in route.headers.items()}
            return replace(route, body=route.body.replace(b"PORT", port.encode()), headers=where)
        return route
