"""Text to a DOM, safe from input that makes the parser raise or run for minutes."""

import re

from selectolax.lexbor import LexborHTMLParser

SURROGATE = re.compile("[\ud800-\udfff]")  # cannot be encoded as UTF-8, which the parser takes
UNDECODED = "\ufffd"
TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"]
)
END_TAG_OPTIONAL = frozenset(["p", "li", "dt", "dd", "tr", "td", "th", "option"])
TAGS_UNCHECKED = 20_000  # so many nested elements still take only half a second
DEPTH_MAX = 5_000


class TooDeepError(ValueError):
    """The page's elements are nested deeper than any page for people; parsing them takes quadratic time."""


def parse(html: str) -> LexborHTMLParser:
    """Parse any text as HTML; raises TooDeepError before it parses an attack by nesting."""
    if html.count("<") > TAGS_UNCHECKED and _depth(html) > DEPTH_MAX:
        raise TooDeepError
    try:
        encoded = html.encode()
    except UnicodeEncodeError:  # rare, and to search for surrogates takes as long as parsing
        encoded = SURROGATE.sub(UNDECODED, html).encode()
    return LexborHTMLParser(encoded)


def _depth(html: str) -> int:
    """Return the most elements open at once if every end tag closes one: cheap, and exact for an attack."""
    depth = deepest = 0
    for match in TAG.finditer(html):
        if match.group(1):
            depth -= depth > 0
        elif match.group(2).lower() not in VOID | END_TAG_OPTIONAL:
            depth += 1
            deepest = max(deepest, depth)
    return deepest
