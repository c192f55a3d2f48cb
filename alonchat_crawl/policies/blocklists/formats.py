"""Reads one line of a blocklist in any of these formats, which a file may mix.

| line                            | blocks                                                            |
|---------------------------------|-------------------------------------------------------------------|
| `0.0.0.0 bad.example`           | hosts file: exactly that host                                     |
| `bad.example`                   | list of domains: that name and all below it                       |
| `*.bad.example`, `.bad.example` | the same; also for a suffix such as `github.io`                   |
| `||bad.example^`                | the same, as lists for AdGuard and Pi-hole spell it               |
| `||bad.example/path*`           | URL pattern: all URLs that begin so, at that name and below it    |
| `https://bad.example/path`      | list of URLs: that canonical URL, by http and by https            |
| `"1","…","http://bad.example/"` | CSV (URLhaus, PhishTank): its first URL                           |
| `192.0.2.0/24 ; SBL1`, `2001:db8::1` | addresses and CIDRs                                          |
| `@@` before any of them         | an exception from its list                                        |

`#`, `;`, `!` and `//` begin comments. Other ad blockers' rules (wildcards inside, `$options`, `##` for
elements of a page) are not supported: most depend on what only a browser knows.
"""

import csv
import re
from collections.abc import Sequence
from urllib.parse import quote

from alonchat_crawl.policies.blocklists.host_names import network, rule_of
from alonchat_crawl.policies.blocklists.rule import (
    LineError,
    Rule,
    RuleKind,
    UnreadableLineError,
    UnsupportedLineError,
)
from alonchat_crawl.urls import URL_MAX_CHARS, canonical_url

EXCEPTION = "@@"
SINKS = frozenset({"0.0.0.0", "127.0.0.1", "127.0.1.1", "::", "::1", "0"})  # noqa: S104 - none is bound
"""A hosts file maps blocked names to one of these. A line with any other address is no rule."""
OWN_NAMES = re.compile(
    r"localhost|localhost\.localdomain|local|broadcasthost|ip6-\w+|0\.0\.0\.0", re.IGNORECASE
)
"""Names in every hosts file, which are no rules."""

PATTERN_MAX_CHARS = 500
_PATTERN = re.compile(
    r"\|\|(?:\*\.)?(?P<host>\[[0-9a-f:.]+\]|[^\^/:*?|$]+)(?P<rest>[^*^|$]*|\^)\**", re.IGNORECASE
)
_OF_ELEMENTS = re.compile(r"#[@?$%]*#")  # bad.example##.advert
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_COMMENT = re.compile(r"\s+(?:[#;!]|//).*")
_HEADER = re.compile(r"\[[A-Za-z$]")  # [Adblock Plus 2.0]
_HTTP = re.compile(r"https?://", re.IGNORECASE)
# Recognises most URLs that are already canonical, in a tenth of the time of `canonical_url`.
_CANONICAL = re.compile(
    r"https?://(?:(?!xn--)[a-z0-9][a-z0-9-]{0,40}\.){1,4}[a-z]{2,20}/(?:[A-Za-z0-9_/-]|(?<!/)\.)*"
)


def read_line(line: str) -> Sequence[Rule]:
    """Return the rules of a line; none for a comment. Raises LineError."""
    text = line.strip("\ufeff \t\r\n\f\v")
    if not text or text[0] in "#;!" or text.startswith("//") or _HEADER.match(text):
        return ()
    if text.startswith(EXCEPTION):
        rules = _rules(text.removeprefix(EXCEPTION))
        return [Rule(rule.kind, rule.value, exception=True) for rule in rules]
    return _rules(text)


def _rules(text: str) -> Sequence[Rule]:
    if "#" in text and _OF_ELEMENTS.search(text):
        raise UnsupportedLineError(text)
    if text.startswith("|"):
        return [_pattern(_COMMENT.sub("", text))]
    if _HTTP.match(text):
        return [_url(_COMMENT.sub("", text))]
    if "," in text and (text[0] == '"' or text[0].isdigit()):
        return [_first_url(text)]
    tokens = _COMMENT.sub("", text).split()
    if len(tokens) > 1 and tokens[0] in SINKS:
        return _hosts(tokens[1:])
    if len(tokens) == 1:
        return [_entry(tokens[0])]
    raise UnreadableLineError(text)


def _pattern(text: str) -> Rule:
    """Read `||host^` and `||host/path*`; raises UnsupportedLineError for other rules of ad blockers."""
    parts = _PATTERN.fullmatch(text)
    if parts is None:
        raise UnsupportedLineError(text)
    host = rule_of(RuleKind.DOMAIN, parts["host"].strip("[]"), on_purpose=True)
    rest = parts["rest"]
    if rest in {"", "^", "/"}:
        return host
    if len(rest) > PATTERN_MAX_CHARS or any(char.isspace() for char in rest):
        raise UnreadableLineError(text)
    name = host.value if host.kind is RuleKind.DOMAIN else _address_in_url(host.value)
    return Rule(RuleKind.PATTERN, name + quote(rest, safe=_PRINTABLE).lower())


def _address_in_url(cidr: str) -> str:
    address = cidr.partition("/")[0]
    return f"[{address}]" if ":" in address else address


def _url(text: str) -> Rule:
    if len(text) <= URL_MAX_CHARS and _CANONICAL.fullmatch(text):
        return Rule(RuleKind.URL, text)
    url = canonical_url(text)
    if url is None:
        raise UnreadableLineError(text)
    return Rule(RuleKind.URL, url)


def _first_url(text: str) -> Rule:
    """Block the first URL of a CSV line; the second one is URLhaus' page about it."""
    try:
        fields = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:
        raise UnreadableLineError(text) from None
    return _url(next((field for field in fields if _HTTP.match(field)), ""))


def _hosts(names: Sequence[str]) -> Sequence[Rule]:
    """Return a rule for each name in a line of a hosts file. Raises LineError if no name is usable."""
    rules, fault = [], None
    for name in names:
        if OWN_NAMES.fullmatch(name):
            continue
        try:
            rules.append(rule_of(RuleKind.HOST, name))
        except LineError as error:
            fault = error
    if fault is not None and not rules:
        raise fault
    return rules


def _entry(text: str) -> Rule:
    if (cidr := network(text)) is not None:
        return Rule(RuleKind.NETWORK, cidr)
    if text.startswith(("*.", ".")):
        return rule_of(RuleKind.DOMAIN, text.lstrip("*").removeprefix("."), on_purpose=True)
    host, slash, _ = text.partition("/")
    if slash and rule_of(RuleKind.DOMAIN, host):
        return _url(f"http://{text}")
    return rule_of(RuleKind.DOMAIN, text)
