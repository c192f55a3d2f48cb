"""One rule of a blocklist: what it blocks, and its one spelling."""

from dataclasses import dataclass
from enum import StrEnum


class RuleKind(StrEnum):
    """What a rule is compared with."""

    HOST = "host"  # this name alone
    DOMAIN = "domain"  # this name and all below it
    URL = "URL"  # one canonical URL, whether http or https
    PATTERN = "URL pattern"  # URLs of a domain, by how they go on after the host
    NETWORK = "network"  # a range of addresses


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. `str(rule)` is a line that is read as the same rule."""

    kind: RuleKind
    value: str
    """A canonical host name, a canonical URL, a host and what follows it (lower case), or a CIDR."""
    exception: bool = False
    """Whether it makes an exception from its list."""

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
    """A line of no known format."""


class UnsupportedLineError(LineError):
    """It is a rule for an ad blocker in a browser, of a kind that a crawler does not take."""


class TooWideError(LineError):
    """A rule that would block the internet, or a large part of it: surely a mistake."""
