"""The shape of a URL: what it shares with the others of its kind."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from alonchat_crawl.policies.traps.one_url import is_calendar_page

NUMBERED = re.compile(r"[^/]*\d[^/]*")
FACETS_MIN = 3  # parameters that can be combined without end; two make a table
FACETS_MAX = 8
IN_ONE_VALUE = re.compile(r"[,;|~]")


@dataclass(frozen=True, slots=True)
class UrlTemplate:
    """Of one canonical URL."""

    host: str
    """With its port."""
    path: str
    """With the host."""
    pattern: str
    """Host and path without what has a digit in it, and the names in the query."""
    values: tuple[str, ...]
    """What its query combines: `name=value` each; empty where that is less than three things."""
    calendar: str
    """The pattern of a page that stands for a day, a week or a month; empty for others."""


def template_of(url: str) -> UrlTemplate:
    """Take a canonical URL apart."""
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
