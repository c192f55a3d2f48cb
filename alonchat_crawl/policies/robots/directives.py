"""What a page forbids to robots by its meta tags and X-Robots-Tag headers.

Sources: https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag and
https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Robots-Tag
Ignored: `noarchive`, `nosnippet` and the like, which say how a search engine may show a page; and
`noimageai`, since we keep no images.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from alonchat_crawl.user_agent import product_token

VALUED_RULES = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
"""Rules that carry a value after a colon."""

PREFIXED = re.compile(rf"([^\s:,]+)\s*:\s*((?:{'|'.join(VALUED_RULES)})\s*:.*|[a-z_-]*)", re.DOTALL)
"""A robot's name before a rule. Any other `name: value` is a rule that we do not know."""

SEPARATORS = re.compile(r"[\s;]+")
"""Not in the sources, but sites use them. It is better to forbid too much."""


@dataclass(frozen=True, slots=True)
class Directives:
    """The rules that a crawler must act on."""

    noindex: bool
    """The page's text must not be stored."""
    nofollow: bool
    """The page's links must not be followed."""
    noai: bool = False
    """AI must not use the page (introduced by DeviantArt, 2022)."""


def directives(
    meta: Iterable[tuple[str, str]], headers: Iterable[str], agent: str, now: datetime | None = None
) -> Directives:
    """Join all rules that apply to the product token of the user agent string `agent`.

    `meta` holds (name, content) pairs of meta tags, `headers` the X-Robots-Tag values. `unavailable_after` is
    compared with `now` (aware; by default the current time).
    """
    token = product_token(agent)
    rules: set[str] = set()
    for name, content in meta:
        if name.strip().lower() in {"robots", token}:
            rules.update(_rules(_parts(content), now))
    for header in headers:
        rules.update(_rules(_addressed(_parts(header), token), now))
    return Directives(
        noindex=not rules.isdisjoint({"noindex", "none"}),
        nofollow=not rules.isdisjoint({"nofollow", "none"}),
        noai="noai" in rules,
    )


def _parts(value: str) -> list[str]:
    return [part.strip().lower() for part in value.split(",") if part.strip()]


def _addressed(parts: Iterable[str], token: str) -> Iterator[str]:
    """Yield the rules for us. A robot's name applies to all rules up to the next name."""
    ours = True
    for part in parts:
        match = PREFIXED.fullmatch(part)
        rule = part
        if match and match.group(1) not in VALUED_RULES:
            ours, rule = match.group(1) in {token, "*", "robots"}, match.group(2)
        if ours:
            yield rule


def _rules(parts: Iterable[str], now: datetime | None) -> Iterator[str]:
    listed = list(parts)
    for place, part in enumerate(listed):
        yield from SEPARATORS.split(part)
        name, _, value = part.partition(":")
        if name.strip() == "unavailable_after":
            # RFC 850 dates contain a comma, so the value may go on in the next part.
            following = listed[place + 1 : place + 2]
            until = _date(value) or _date(", ".join([value, *following]))
            if until is not None and until <= (now or datetime.now(UTC)):
                yield "noindex"


def _date(text: str) -> datetime | None:
    """Read ISO 8601 or RFC 822/850, as UTC if no zone is given; None for anything else."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text.strip().upper())
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None
