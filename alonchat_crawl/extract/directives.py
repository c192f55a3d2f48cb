"""What a page forbids robots, by its meta tags and X-Robots-Tag headers.

Source: https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Rules that carry a value after a colon; any other word before a colon names a robot.
VALUED_RULES = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
PREFIXED = re.compile(r"([^\s:,]+)\s*:\s*(.*)", re.DOTALL)
PRODUCT = re.compile(r"(?:.*\bcompatible;\s*)?([A-Za-z_-]+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Directives:
    """The two rules that a crawler must act on."""

    noindex: bool
    """The page's text must not be stored."""
    nofollow: bool
    """The page's links must not be followed."""


def directives(
    meta: Iterable[tuple[str, str]], headers: Iterable[str], agent: str, now: datetime | None = None
) -> Directives:
    """Join all rules that apply to the product token of the user agent string `agent`.

    `meta` holds (name, content) pairs of any meta tags, `headers` each X-Robots-Tag value; `now`
    (aware; by default the present) is what `unavailable_after` is compared with.
    """
    token = _product_token(agent)
    rules: set[str] = set()
    for name, content in meta:
        if name.strip().lower() in {"robots", token}:
            rules.update(_rules(_parts(content), now))
    for header in headers:
        rules.update(_rules(_addressed(_parts(header), token), now))
    return Directives(
        noindex=not rules.isdisjoint({"noindex", "none"}),
        nofollow=not rules.isdisjoint({"nofollow", "none"}),
    )


def _product_token(agent: str) -> str:
    match = PRODUCT.match(agent.strip())
    return match.group(1).lower() if match else ""


def _parts(value: str) -> list[str]:
    return [part.strip().lower() for part in value.split(",") if part.strip()]


def _addressed(parts: Iterable[str], token: str) -> Iterator[str]:
    """Yield what is meant for us: a robot's name scopes all rules after it, up to the next name."""
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
        yield part
        name, _, value = part.partition(":")
        if name.strip() == "unavailable_after":
            # RFC 850 dates hold a comma themselves, so the value may go on in the next part.
            following = listed[place + 1 : place + 2]
            until = _date(value) or _date(", ".join([value, *following]))
            if until is not None and until <= (now or datetime.now(UTC)):
                yield "noindex"


def _date(text: str) -> datetime | None:
    """Read ISO 8601 or RFC 822/850; UTC where no zone is said; None for anything else."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text.strip().upper())
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None
