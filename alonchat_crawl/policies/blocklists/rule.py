"""One rule of a blocklist: what it blocks, and its canonical spelling."""

from dataclasses import dataclass
from enum import StrEnum


class RuleKind(StrEnum):
    """What a rule blocks."""

    HOST = "host"  # this name only
    DOMAIN = "domain"  # this name and all names below it
    URL = "URL"  # one canonical URL, by http and https
    PATTERN = "URL pattern"  # URLs of a domain that continue with a given text after the host
    NETWORK = "network"  # a range of addresses


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. `str(rule)` is a line that `read_line` reads as the same rule."""

    kind: RuleKind
    value: str
    """A canonical host name, a canonical URL, a host with what follows it (lower case), or a CIDR."""
    exception: bool = False
    """Whether it is an exception from its list."""

    def __str__(self) -> str:
        match self.kind:
            case RuleKind.HOST:
                line = f"0.0.0.0 {self.value}"
            case RuleKind.DOMAIN:
                line = f"||{self.value}^"
            case RuleKind.PATTERN:
                line = f"||{self.value}"
            case _:
                line = self.value
        return f"@@{line}" if self.exception else line


class LineError(ValueError):
    """A line that is no rule."""


class UnreadableLineError(LineError):
    """A line in no known format."""


class UnsupportedLineError(LineError):
    """A rule for ad blockers in browsers, of a kind that the crawler does not support."""


class TooWideError(LineError):
    """A rule that would block a large part of the internet, which must be a mistake."""
