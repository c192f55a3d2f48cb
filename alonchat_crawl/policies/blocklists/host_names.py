"""Canonical host names, and which of them are too wide for a rule."""

import re
from ipaddress import IPv4Address, IPv4Network, ip_network
from typing import Literal

from alonchat_crawl.fetch.public_addresses import dialled_network
from alonchat_crawl.fetch.public_suffixes import public_suffixes
from alonchat_crawl.policies.blocklists.rule import Rule, RuleKind, TooWideError, UnreadableLineError
from alonchat_crawl.urls import canonical_url

NAME_MAX_CHARS = 253  # RFC 1035, section 2.3.4, without the root's dot
IPV4_MIN_PREFIX = 8  # a wider network must be a mistake: Spamhaus' largest have 2^20 addresses
IPV6_MIN_PREFIX = 16

# The last label begins with a letter, so that no IP address matches.
_PLAIN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NO_NAME = re.compile(r"[\s/?#@:\\%\[\]*|^$,;<>\"'()=&]")
_ADDRESS = re.compile(r"[0-9.]{7,15}|[0-9a-f:.]*:[0-9a-f:.]*")


def host_name(text: str) -> str:
    """Return a host name as `canonical_url` writes it (lower case, IDNA, no trailing dot).

    Raises UnreadableLineError if it is no host name, an address, or a name without a dot.
    """
    name = text.lower().removesuffix(".")
    if len(name) <= NAME_MAX_CHARS and _PLAIN.fullmatch(name):
        return name
    if not name or name.isdigit() or _NO_NAME.search(name):
        raise UnreadableLineError(text)
    url = canonical_url(f"http://{name}/") or ""
    name = url.removeprefix("http://").removesuffix("/")
    if len(name) > NAME_MAX_CHARS or not _PLAIN.fullmatch(name):
        raise UnreadableLineError(text)
    return name


def network(text: str) -> str | None:
    """Return an address or CIDR as a CIDR, IPv4 in IPv6 as IPv4; None if it is neither.

    Bits behind the prefix are cleared. Raises LineError if the prefix is too short or too long.
    """
    address, slash, prefix = text.lower().partition("/")
    if not _ADDRESS.fullmatch(address) or (slash and not prefix.isdecimal()):
        return None
    try:
        if not slash and ":" not in address:
            return f"{IPv4Address(address)}/32"
        found = dialled_network(ip_network(text, strict=False))
    except ValueError:
        if slash:
            raise UnreadableLineError(text) from None
        return None
    narrowest = IPV4_MIN_PREFIX if isinstance(found, IPv4Network) else IPV6_MIN_PREFIX
    if found.prefixlen < narrowest:
        raise TooWideError(str(found))
    return str(found)


def rule_of(kind: Literal[RuleKind.HOST, RuleKind.DOMAIN], text: str, *, on_purpose: bool = False) -> Rule:
    """Return the rule for a host name, or the network rule for an address.

    A public suffix (`com`, `co.uk`) is too wide. A company's suffix (`github.io`) blocks that host only,
    unless everything below it is blocked on purpose: `||github.io^`, `*.github.io`. Raises LineError.
    """
    if "/" not in text and (cidr := network(text)) is not None:
        return Rule(RuleKind.NETWORK, cidr)
    public = public_suffixes(private=False)
    if text.lower().removesuffix(".") in public.names:
        raise TooWideError(text)
    name = host_name(text)
    if public.have(name):
        raise TooWideError(name)
    if kind is RuleKind.DOMAIN and not on_purpose and public_suffixes(private=True).have(name):
        return Rule(RuleKind.HOST, name)
    return Rule(kind, name)
