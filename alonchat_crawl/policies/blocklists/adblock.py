"""AdBlock rules, as far as they tell a crawler which sites and paths to keep out of.

Syntax: https://help.adblockplus.org/hc/en-us/articles/360062733293 and, for lists of domains,
https://adguard-dns.io/kb/general/dns-filtering-syntax/.
"""

import re
from collections.abc import Sequence
from urllib.parse import quote

from alonchat_crawl.policies.blocklists.host_names import rule_of
from alonchat_crawl.policies.blocklists.rule import Kind, Rule, UnreadableLineError, UnsupportedLineError

_COSMETIC = re.compile(r"#[@?$%]*#")
_OPTIONS = re.compile(r"\$([~\w=|.,:/*-]+)$")
PATTERN_MAX_CHARS = 500
_HARMLESS = frozenset({"important", "match-case"})
"""Options that leave a rule what it is."""
_VISITED = frozenset({"all", "doc", "document"})
"""Options by which it holds for a page that is visited for itself, whatever else it holds for."""
_OTHERS = frozenset([
    "css", "font", "frame", "image", "inline-font", "inline-script", "media", "object", "other", "ping",
    "popunder", "popup", "script", "stylesheet", "subdocument", "websocket", "xhr", "xmlhttprequest",
])  # fmt: skip
"""Kinds of content: a rule for these alone is none for a page."""
_HOST = re.compile(r"\|\|((?:\*\.)?)(\[[0-9a-f:.]+\]|[^\^/:*?|]+)(.*)", re.IGNORECASE)
_WHOLE_SITE = re.compile(r"[\^/]?\**|\^?\|")
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


def is_adblock(text: str) -> bool:
    """Whether a line, without its leading `@@`, is in AdBlock's syntax."""
    return text.startswith("|") or ("#" in text and _COSMETIC.search(text) is not None)


def adblock_rule(text: str) -> Rule:
    """Read `||domain^` or `||domain/path*`; the domain stands for all below it, a pattern for all it begins.

    Rules without a domain, regular expressions, cosmetic ones, and those under conditions that only a browser
    knows (`$script`, `$third-party`) are unsupported. Raises LineError.
    """
    if _COSMETIC.search(text):
        raise UnsupportedLineError(text)
    while options := _OPTIONS.search(text):
        if not _for_pages(options[1].lower().split(",")):
            raise UnsupportedLineError(text)
        text = text[: options.start()]
    parts = _HOST.fullmatch(text)
    if parts is None:
        raise UnsupportedLineError(text)
    rest = parts[3]
    whole_site = _WHOLE_SITE.fullmatch(rest) is not None
    if rest.startswith("*") and not whole_site:  # it goes on with the host: any site may be called so
        raise UnsupportedLineError(text)
    host = rule_of(Kind.DOMAIN, parts[2].strip("[]"), on_purpose=True)
    if whole_site:
        return host
    if len(rest) > PATTERN_MAX_CHARS or any(char.isspace() for char in rest):
        raise UnreadableLineError(text)
    # Without what changes nothing: a pattern stands for all that begins with it.
    rest = re.sub(r"\*+", "*", rest).rstrip("*")
    name = host.value if host.kind is Kind.DOMAIN else _literal(host.value)
    return Rule(Kind.PATTERN, name + quote(rest, safe=_PRINTABLE).lower())


def _for_pages(options: Sequence[str]) -> bool:
    """Whether a rule under these options holds for a page, under no condition."""
    names = {option.removeprefix("~") for option in options} - _HARMLESS
    return not names or (bool(names & _VISITED.intersection(options)) and names <= _VISITED | _OTHERS)


def _literal(cidr: str) -> str:
    """An address as it stands in a URL."""
    address = cidr.partition("/")[0]
    return f"[{address}]" if ":" in address else address
