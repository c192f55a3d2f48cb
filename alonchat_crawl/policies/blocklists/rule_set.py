"""A blocklist in memory: finds out whether a URL or an address is on it."""

from array import array
from collections.abc import Sequence
from ipaddress import ip_address
from typing import NamedTuple

from alonchat_crawl.fetch.public_addresses import Address
from alonchat_crawl.policies.blocklists.key_set import KeySet, key_of
from alonchat_crawl.policies.blocklists.networks import NetworkSet
from alonchat_crawl.policies.blocklists.patterns import PatternTable
from alonchat_crawl.policies.blocklists.rule import Rule, RuleKind

# Hosts, domains and URLs share one set of keys, so each kind of text gets its own prefix: "=" for a host, "."
# for a domain, "//" for a URL without its scheme.


class Target(NamedTuple):
    """A URL, split once for all lists."""

    keys: tuple[tuple[int, RuleKind], ...] = ()
    domain_keys: tuple[int, ...] = ()
    """Keys of the host and of all domains above it."""
    rest: str = ""
    """The part after the host, in lower case: port, path, query."""
    addresses: tuple[Address, ...] = ()
    """The host if it is an address, or the addresses that it resolves to."""

    @classmethod
    def of_url(cls, url: str, addresses: Sequence[Address] = ()) -> "Target":
        """Split a canonical http(s) URL. Raises ValueError if it is none."""
        _, scheme, rest = url.partition("://")
        authority, slash, _ = rest.partition("/")
        if not scheme or not slash:
            raise ValueError(f"{url} is no canonical URL")
        end = authority.index("]") + 1 if authority.startswith("[") else authority.find(":")
        host = authority if end < 0 else authority[:end]
        address = _address(host)
        dotted = f".{host}"
        domains = [key_of(dotted)]
        if address is None:
            position = dotted.find(".", 1)
            while (following := dotted.find(".", position + 1)) > 0:  # no rule is for a top-level domain
                domains.append(key_of(dotted[position:]))
                position = following
        keys = [(key_of(f"={host}"), RuleKind.HOST), (key_of(f"//{rest}"), RuleKind.URL)]
        keys += [(key, RuleKind.DOMAIN) for key in domains]
        own = () if address is None else (address,)
        return cls(tuple(keys), tuple(domains), rest[len(host) :].lower(), (*own, *addresses))


def _address(host: str) -> Address | None:
    if not host.startswith("[") and not host[-1:].isdigit():
        return None
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


_NO_KEYS, _NO_PATTERNS, _NO_NETWORKS = KeySet(), PatternTable(), NetworkSet()


class Matcher:
    """All blocking rules of a list, or all exceptions."""

    __slots__ = ("keys", "networks", "patterns")

    def __init__(
        self,
        keys: "array[int]",
        patterns: Sequence[tuple[int, str]],
        networks: Sequence[str],
    ) -> None:
        # There may be thousands of lists with a single rule, so empty parts are shared.
        self.keys = KeySet(keys) if keys else _NO_KEYS
        self.patterns = PatternTable(patterns) if patterns else _NO_PATTERNS
        self.networks = NetworkSet(networks) if networks else _NO_NETWORKS

    def __len__(self) -> int:
        return len(self.keys) + len(self.patterns) + len(self.networks)

    def match(self, target: Target) -> RuleKind | None:
        """Return the kind of a rule that matches the target; None if none does."""
        if self.keys:
            for key, kind in target.keys:
                if key in self.keys:
                    return kind
        if self.patterns and any(self.patterns.match(key, target.rest) for key in target.domain_keys):
            return RuleKind.PATTERN
        if self.networks and any(address in self.networks for address in target.addresses):
            return RuleKind.NETWORK
        return None


_NOTHING = Matcher(array("q"), (), ())


class RuleSet:
    """A list: what it blocks, and its exceptions."""

    __slots__ = ("blocked", "excepted")

    def __init__(self, blocked: Matcher, excepted: Matcher) -> None:
        self.blocked = blocked
        self.excepted = excepted

    def __len__(self) -> int:
        return len(self.blocked) + len(self.excepted)

    def match(self, target: Target) -> RuleKind | None:
        """Return the kind of the rule that blocks the target; None if none does or an exception matches."""
        kind = self.blocked.match(target)
        return None if kind is not None and self.excepts(target) else kind

    def excepts(self, target: Target) -> bool:
        """Whether an exception matches the target."""
        return bool(self.excepted) and self.excepted.match(target) is not None


class RuleSetBuilder:
    """Collects rules, in any order and in little memory. A repeated rule counts once."""

    def __init__(self) -> None:
        self._blocked = _MatcherBuilder()
        self._excepted = _MatcherBuilder()

    def add(self, rule: Rule) -> None:
        (self._excepted if rule.exception else self._blocked).add(rule)

    def build(self) -> RuleSet:
        """Return the list."""
        return RuleSet(self._blocked.build(), self._excepted.build())


class _MatcherBuilder:
    def __init__(self) -> None:
        self._keys = array("q")
        self._patterns: list[tuple[int, str]] = []
        self._networks: list[str] = []

    def add(self, rule: Rule) -> None:
        match rule.kind:
            case RuleKind.HOST:
                self._keys.append(key_of(f"={rule.value}"))
            case RuleKind.DOMAIN:
                self._keys.append(key_of(f".{rule.value}"))
            case RuleKind.URL:
                self._keys.append(key_of(f"//{rule.value.partition('://')[2]}"))
            case RuleKind.PATTERN:
                host, rest = _divided(rule.value)
                self._patterns.append((key_of(f".{host}"), rest))
            case RuleKind.NETWORK:
                self._networks.append(rule.value)

    def build(self) -> Matcher:
        if not (self._keys or self._patterns or self._networks):
            return _NOTHING
        return Matcher(self._keys, self._patterns, self._networks)


def _divided(pattern: str) -> tuple[str, str]:
    """Host and rest of a pattern rule's value."""
    start = pattern.index("]") if pattern.startswith("[") else 0
    end = next(index for index, char in enumerate(pattern) if index > start and char in ":/?")
    return pattern[:end], pattern[end:]
