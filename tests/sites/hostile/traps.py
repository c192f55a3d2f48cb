"""Pages made up while they are followed: each family never ends."""

import re
import secrets
from collections.abc import Callable
from datetime import date, timedelta
from itertools import product

from tests.sites.hostile.case import FILLER, Reply, Trap, html, moved

Page = Callable[[str, str], Reply]


def number_of(path: str) -> int:
    """Return the last number in a path."""
    return int((re.findall(r"\d+", path) or ["0"])[-1])


def calendar(_: str, path: str) -> Reply:
    """Months before and after, each with its days."""
    found = re.search(r"(\d{4})-(\d\d)", path)
    month = date(int(found[1]), int(found[2]), 15) if found else date(2026, 11, 15)
    near = (f"/calendar/{month + timedelta(days=31 * step):%Y-%m}" for step in (-1, 1, 12, -12))
    return html(f"{month:%B %Y}", f"Nothing is planned for {month:%B %Y}.", tuple(near))


def far_away(_: str, __: str) -> Reply:
    """Dates that are none of anybody's."""
    return html("Years", FILLER, tuple(f"/years/{year}-01-01" for year in (1, 1000, 1900, 2040, 2999, 9999)))


def sessions(_: str, __: str) -> Reply:
    """One page, under a new session for each link to it."""
    links = (
        f"/session/page;jsessionid={secrets.token_hex(16)}",
        f"/session/page?PHPSESSID={secrets.token_hex(16)}",
    )
    return html("Session", FILLER, links)


def tokens(_: str, __: str) -> Reply:
    """One page, under a new token for each link to it."""
    return html("Token", FILLER + "of tokens", tuple(f"/token/{secrets.token_hex(16)}" for _ in range(3)))


def relative(_: str, path: str) -> Reply:
    """Links that lack a slash: each page is a folder of the next."""
    return html(f"Below {len(path)}", FILLER + path, (f"{path.rstrip('/')}/a/b/", f"{path.rstrip('/')}/x/"))


def deeper(_: str, path: str) -> Reply:
    """A new folder in every folder."""
    return html(f"Deep {len(path)}", f"{FILLER} {path}", (f"{path.rstrip('/')}/{secrets.token_hex(2)}",))


def form(_: str, path: str) -> Reply:
    """A form sent to its own result, with one field more."""
    return html(f"Form {len(path)}", f"{FILLER} {path}", (f"{path}{'&' if '?' in path else '?'}f=1",))


def soft_404(_: str, path: str) -> Reply:
    """Whatever is asked for is not there, but other things are."""
    return html(
        "Not found", f"What you look for is not here. {FILLER}", tuple(f"{path}{letter}" for letter in "qz")
    )


def pager(_: str, path: str) -> Reply:
    """There is always a next page, with nothing on it."""
    page = number_of(path)
    return html(f"Page {page}", f"No results on page {page}. {FILLER}", (f"/pager?page={page + 1}",))


def facets(_: str, path: str) -> Reply:
    """A shop of five filters with two values each, in any order and number."""
    chosen = dict(re.findall(r"([a-e])=(\d)", path))
    links = (
        "/facets?" + "&".join(f"{k}={v}" for k, v in sorted((chosen | {name: value}).items()))
        for name, value in product("abcde", "12")
    )
    return html("Shop", f"Shoes that are {path}. {FILLER}", tuple(links))


def many_hosts(host: str, _: str) -> Reply:
    """As with a wildcard in the DNS: each host leads to others."""
    following = int(host.rpartition(".")[2]) + 1
    links = tuple(f"http://127.0.1.{number}:PORT/host/{number}" for number in (following, following + 1))
    return html(f"Host {host}", f"{FILLER} {host}", links)


def chain(_: str, path: str) -> Reply:
    """A redirect to the next redirect."""
    return moved(f"/chain/{number_of(path) + 1}")


TRAPS = (
    Trap("/calendar", "refused:trap: calendar", 60, calendar, "/calendar/2026-11"),
    Trap("/years", "refused:trap: calendar", 5, far_away),
    Trap("/token", "refused:trap: same text", 80, tokens),
    Trap("/relative", "refused:trap: repeating path", 100, relative, "/relative/"),
    Trap("/deeper", "refused:trap: deep path", 30, deeper),
    Trap("/form", "refused:trap: growing query", 5, form),
    Trap("/soft", "refused:trap: same text", 80, soft_404, "/soft/"),
    Trap("/facets", "refused:trap: too many variants", 110, facets),
    Trap("/host", "refused:trap: subdomains", 10, many_hosts, "http://127.0.1.20:PORT/host/20"),
    Trap("/chain", "dead:redirects", 12, chain, "/chain/1"),
)
"""Each with how it is stopped, and what it may cost until then."""

QUIET = (
    Trap("/session", "", 2, sessions),
    Trap("/pager", "", 60, pager, "/pager?page=1"),
)
"""These come to an end without a refusal: no link leads on."""
