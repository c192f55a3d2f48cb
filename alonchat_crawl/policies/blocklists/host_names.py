"""Host names as URLs spell them here, and which of them are too wide to be blocked with all below."""

import re
from collections.abc import Iterable
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network
from typing import Literal

import tldextract

from alonchat_crawl.policies.blocklists.rule import Rule, RuleKind, TooWideError, UnreadableLineError
from alonchat_crawl.urls import canonical_url

NAME_MAX_CHARS = 253  # RFC 1035, section 2.3.4, without the root's dot
IPV4_MIN_PREFIX = 8  # a wider network is a mistake: Spamhaus' widest are of 2^20 addresses
IPV6_MIN_PREFIX = 16
MAPPED = IPv6Network("::ffff:0:0/96")  # IPv4 addresses in IPv6 (RFC 4291, section 2.5.5.2)
TRANSLATED = IPv6Network("64:ff9b::/96")  # the same by NAT64 (RFC 6052)

# Its last label begins with a letter, so no address looks like it.
_PLAIN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NO_NAME = re.compile(r"[\s/?#@:\\%\[\]*|^$,;<>\"'()=&]")
_ADDRESS = re.compile(r"[0-9.]{7,15}|[0-9a-f:.]*:[0-9a-f:.]*")


def host_name(text: str) -> str:
    """Return a host name in its canonical form (lower case, IDNA, no root's dot), as `canonical_url` has it.

    Raises UnreadableLineError where it is none, an address, or a name without a dot.
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
    """Return an address or CIDR as a CIDR, IPv4 in IPv6 as IPv4; None where it is neither.

    Bits beyond the prefix are cut off. Raises LineError for a prefix too short or too long.
    """
    address, slash, prefix = text.lower().partition("/")
    if not _ADDRESS.fullmatch(address) or (slash and not prefix.isdecimal()):
        return None
    try:
        if not slash and ":" not in address:
            return f"{IPv4Address(address)}/32"
        found = ip_network(text, strict=False)
    except ValueError:
        if slash:
            raise UnreadableLineError(text) from None
        return None
    if isinstance(found, IPv6Network):
        for wrapped in (MAPPED, TRANSLATED):
            if found.prefixlen >= wrapped.prefixlen and found.subnet_of(wrapped):
                inner = int(found.network_address) & 0xFFFFFFFF
                found = IPv4Network((inner, found.prefixlen - wrapped.prefixlen))
                break
    narrowest = IPV4_MIN_PREFIX if isinstance(found, IPv4Network) else IPV6_MIN_PREFIX
    if found.prefixlen < narrowest:
        raise TooWideError(str(found))
    return str(found)


def rule_of(kind: Literal[RuleKind.HOST, RuleKind.DOMAIN], text: str, *, on_purpose: bool = False) -> Rule:
    """Return the rule for a host name, or the network rule for an address.

    A public suffix (`com`, `co.uk`) is too wide. One that a company gives away names below (`github.io`) is
    taken as that host alone, unless all below it is meant on purpose: `||github.io^`, `*.github.io`.
    Raises LineError.
    """
    if "/" not in text and (cidr := network(text)) is not None:
        return Rule(RuleKind.NETWORK, cidr)
    public = _suffixes(private=False)
    if text.lower().removesuffix(".") in public.names:
        raise TooWideError(text)
    name = host_name(text)
    if public.have(name):
        raise TooWideError(name)
    if kind is RuleKind.DOMAIN and not on_purpose and _suffixes(private=True).have(name):
        return Rule(RuleKind.HOST, name)
    return Rule(kind, name)


class _Suffixes:
    """A part of the public suffix list (publicsuffix.org/list), as tldextract brings it, in IDNA form too."""

    def __init__(self, listed: Iterable[str]) -> None:
        entries = {form for name in listed for form in (name, _ascii(name))}
        self._single = {entry.removeprefix("!") for entry in entries if entry.startswith("!")}
        self._parents = {entry.removeprefix("*.") for entry in entries if entry.startswith("*.")}
        # A name is as wide as a suffix where every name below it is one.
        self.names = {entry for entry in entries if entry[0] not in "!*"} | self._parents

    def have(self, name: str) -> bool:
        """Whether a name is a public suffix."""
        return name in self.names or (name.partition(".")[2] in self._parents and name not in self._single)


@cache
def _suffixes(*, private: bool) -> _Suffixes:
    extract = tldextract.TLDExtract(suffix_list_urls=(), include_psl_private_domains=private, cache_dir=None)
    return _Suffixes(extract.tlds)


def _ascii(name: str) -> str:
    if name.isascii():
        return name
    rule, name = (name[:2], name[2:]) if name.startswith("*.") else ("", name)
    try:
        return rule + name.encode("idna").decode()
    except UnicodeError:  # IDNA 2003 does not know its letters; no URL can be spelt with them either
        return rule + name
