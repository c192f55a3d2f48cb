"""robots.txt by RFC 9309: which lines of a file apply to us, and what they allow. Pure.

The RFC is followed to the letter: a misspelt directive or a line without a colon is ignored, and `index.html`
stands for that file only.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from alonchat_crawl.policies.robots.path_patterns import Pattern, Patterns, Rank, path_of

BLANKS = b" \t"
IDENTIFIER = re.compile(rb"[a-z_-]+(?![0-9a-z\x80-\xff])")
"""A product token at the start of a user-agent line. A trailing version is accepted; a second name is not."""

SITEMAPS_MAX = 100
SITEMAP_MAX_BYTES = 2048


@dataclass(frozen=True, slots=True)
class RobotsTxt:
    """The lines that apply to one agent."""

    rules: tuple[tuple[bytes, bool], ...] = ()
    """Sorted, distinct pairs (pattern, whether it allows)."""
    crawl_delay_seconds: float | None = None
    """The longest Crawl-delay; None if there is no usable one."""
    sitemaps: tuple[str, ...] = ()
    """The first 100 sitemaps, as written, whichever agent they are listed under."""

    def text(self, token: str) -> bytes:
        """The shortest robots.txt with the same meaning for the agent."""
        lines = [f"user-agent:{token}".encode()]
        lines += ((b"allow:" if allows else b"disallow:") + pattern for pattern, allows in self.rules)
        if self.crawl_delay_seconds is not None:
            lines.append(f"crawl-delay:{self.crawl_delay_seconds}".encode())
        lines += (f"sitemap:{sitemap}".encode() for sitemap in self.sitemaps)
        return b"\n".join(lines)


@dataclass(slots=True)
class _Group:
    """All groups for one agent, joined (2.2.1)."""

    named: bool = False
    rules: set[tuple[bytes, bool]] = field(default_factory=set)
    delays: list[float] = field(default_factory=list)
    under_rules: bool = False
    """Whether the following rule lines belong to it."""
    under_delays: bool = False
    """The same for Crawl-delay lines. The RFC does not know them; one between user-agent lines belongs to the
    lines above it."""


class _Reader:
    """Sorts the records of a file into groups."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.own, self.others = _Group(), _Group()
        self.sitemaps: dict[str, None] = {}
        self._rule_seen = self._delay_seen = True
        """Seen since the last user-agent line. If so, the next user-agent line starts a new group."""

    def user_agent(self, value: bytes) -> None:
        for group, meant in ((self.own, _names(value, self._token)), (self.others, _is_any(value))):
            group.named |= meant
            group.under_rules = meant or (group.under_rules and not self._rule_seen)
            group.under_delays = meant or (group.under_delays and not self._delay_seen)
        self._rule_seen = self._delay_seen = False

    def rule(self, value: bytes, *, allows: bool) -> None:
        self._rule_seen = self._delay_seen = True
        if value[:1] in {b"/", b"*"}:  # no other pattern can match a path
            for group in (self.own, self.others):
                if group.under_rules:
                    group.rules.add((value, allows))

    def crawl_delay(self, value: bytes) -> None:
        self._delay_seen = True
        if (delay := _seconds(value)) is not None:
            for group in (self.own, self.others):
                if group.under_delays:
                    group.delays.append(delay)

    def sitemap(self, value: bytes) -> None:
        if len(self.sitemaps) < SITEMAPS_MAX and 0 < len(value) <= SITEMAP_MAX_BYTES:
            self.sitemaps[value.decode("utf-8", "ignore")] = None


def _records(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (name in lower case, value) of each line that has a colon (2.2)."""
    for line in body.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n").split(b"\n"):
        name, colon, value = line.partition(b"#")[0].partition(b":")
        if colon:
            yield name.strip(BLANKS).lower(), value.strip(BLANKS)


def read_robots(body: bytes, token: str) -> RobotsTxt:
    """Read the lines of a robots.txt that apply to a product token (lower case). Never raises."""
    reader = _Reader(token)
    for name, value in _records(body):
        match name:
            case b"user-agent":
                reader.user_agent(value)
            case b"allow" | b"disallow":
                reader.rule(value, allows=name == b"allow")
            case b"crawl-delay":
                reader.crawl_delay(value)
            case b"sitemap":
                reader.sitemap(value)
    group = reader.own if reader.own.named else reader.others
    return RobotsTxt(tuple(sorted(group.rules)), max(group.delays, default=None), tuple(reader.sitemaps))


def _is_any(value: bytes) -> bool:
    return value.split()[:1] == [b"*"]


def _names(value: bytes, token: str) -> bool:
    found = IDENTIFIER.match(value.lower())
    return found is not None and found[0] == token.encode()


def _seconds(value: bytes) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None


class Permissions:
    """What a site's robots.txt allows."""

    def __init__(self, robots: RobotsTxt, max_delay_seconds: float) -> None:
        self._patterns = Patterns(_ranked(robots.rules))
        delay = robots.crawl_delay_seconds
        self.crawl_delay_seconds = None if delay is None else min(delay, max_delay_seconds)
        self.sitemaps = robots.sitemaps

    def allows(self, url: str) -> bool:
        """Whether we may fetch `url`. The longest matching rule decides; in a tie, one that allows."""
        path = path_of(url)
        if path == "/robots.txt":
            return True
        rank = self._patterns.best(path)
        return rank is None or bool(rank[1])


def _ranked(rules: Iterable[tuple[bytes, bool]]) -> Iterator[tuple[Pattern, Rank]]:
    for octets, allows in rules:
        pattern = Pattern.of(octets)
        yield pattern, (pattern.octets, int(allows))
