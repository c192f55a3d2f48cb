"""The template of a URL: what it has in common with other URLs that the site builds in the same way."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from alonchat_crawl.policies.traps.one_url import is_calendar_page

NUMBERED = re.compile(r"[^/]*\d[^/]*")
FACETS_MIN = 3  # three filters can be combined almost without end; two only make a table
FACETS_MAX = 8
IN_ONE_VALUE = re.compile(r"[,;|~]")


@dataclass(frozen=True, slots=True)
class UrlTemplate:
    """What one canonical URL shares with others."""

    host: str
    """Including the port, if any."""
    path: str
    """Including the host."""
    pattern: str
    """Host, path with 0 for each segment that has a digit, and the names in the query."""
    values: tuple[str, ...]
    """The `name=value` pairs that its query combines; empty if there are fewer than three."""
    calendar: str
    """The pattern if the URL is a page of a day, week or month; else empty."""


def template_of(url: str) -> UrlTemplate:
    """Return the template of a canonical URL."""
    parts = urlsplit(url)
    parameters = parse_qsl(parts.query)
    names = " ".join(sorted({name for name, _ in parameters}))
    pattern = f"{parts.netloc}{NUMBERED.sub('0', parts.path)}?{names}"
    values = tuple(
        dict.fromkeys(f"{name}={part}" for name, value in parameters for part in IN_ONE_VALUE.split(value))
    )
    return UrlTemplate(
        host=parts.netloc,
        path=f"{parts.netloc}{parts.path}",
        pattern=pattern,
        values=values[:FACETS_MAX] if len(values) >= FACETS_MIN else (),
        calendar=pattern if is_calendar_page(url) else "",
    )
