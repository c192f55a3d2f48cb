"""Which elements a page's own <style> rules hide, and which declarations hide an element."""

import re
from collections.abc import Iterator

import tinycss2  # type: ignore[import-untyped]  # it has no hints
from selectolax.lexbor import LexborHTMLParser, LexborNode
from tinycss2.color4 import parse_color  # type: ignore[import-untyped]

SHEETS_MAX_CHARS = 500_000  # read of a page's <style> elements
RULES_MAX = 200
HIDING = re.compile(
    r"""display:none|visibility:(?:hidden|collapse)|content-visibility:hidden
    |(?<![\w-])opacity:(?:0(?:\.0+)?%?)(?![\d.])
    |font-size:0(?:\.0+)?(?:px|r?em|%|pt)?(?![\d.])
    |font:[^;:]*(?<![\d.])0(?:px|pt)\b
    |(?<![\w-])color:transparent
    |text-indent:-(?:[5-9]\d\d|\d{4,})
    |(?<![\w-])(?:left|top|right|bottom|margin-left|margin-top):-(?:[5-9]\d\d|\d{4,})
    |clip:rect\((?:0(?:px)?[,)]?|1px[,)]?){4}|clip-path:(?:inset\((?:50|100)%\)|circle\(0|polygon\(0(?:px)?0)
    |transform:[^;:]*(?:scale[xy]?\(0(?:\.0+)?[,)]|translate[xy]?\(-\d{4,})""",
    re.VERBOSE,
)
SIZELESS = re.compile(r"(?<![\w-])(?:max-)?(?:height|width):0(?:px)?(?![\d.])")
COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
COMMENTS_AND_SPACE = re.compile(r"/\*.*?(?:\*/|\Z)|\s+|\\", re.DOTALL)
ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,5})\s?")  # CSS Syntax, 4.3.7: `\6e` is an n
COLOUR = re.compile(r"(?<![\w-])color:([^;!}]+)")
BACKGROUND = re.compile(r"(?<![\w-])background(?:-color)?:([^;!}]+)")
# Hints, in lower case, that a rule may hide something. They are cheap to find, since each pattern begins with
# plain text; only rules with a hint are parsed.
HINT_VALUE = re.compile(r":\s*(none|hidden|collapse|transparent|0|-\d{3})")
HINT_PROPERTIES = {  # by the first character of a value with which they hide
    "n": ("display",),
    "h": ("visibility",),
    "c": ("visibility",),
    "t": ("color",),
    "0": ("opacity", "font-size", "height", "width"),
    "-": ("text-indent", "left", "top", "right"),
}
HINT_CLIP = re.compile("clip")
HINT_COLOURS = re.compile(r"color\s*:[^;:{}]+;\s*background")
INLINE_HINT = re.compile(r"\\|/\*|none|hidden|collapse|:\s*0|0p|transparent|-\d{3}|clip|scale|background")
PROPERTY_CHARS = 20  # a property's name and the space behind it
RULE_MAX_CHARS = 2_000
SIMPLE = re.compile(r"[a-zA-Z][\w-]*|(?:[a-zA-Z][\w-]*)?[.#][\w-]+")


def hides(style: str) -> bool:
    """Whether declarations (of a style attribute or a rule) leave nothing to see."""
    if not INLINE_HINT.search(style) and style.islower():
        return False
    style = ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), style)
    style = COMMENTS_AND_SPACE.sub("", style).lower()
    if HIDING.search(style) or ("overflow:hidden" in style and SIZELESS.search(style)):
        return True
    return "background" in style and _same_colour(style)


def hidden_by_rules(tree: LexborHTMLParser, body: LexborNode) -> list[LexborNode]:
    """Return the elements of the body that a plain rule of the page hides.

    A plain rule is outside of @media, its selector is one class, id or element name, and no other rule of the
    page mentions that name: if one does, the element is shown at times, such as a menu, a tab or a dialog.
    """
    sheets = "\n".join(node.text() for node in tree.css("style"))[:SHEETS_MAX_CHARS]
    sheets = COMMENT.sub("", sheets)
    found: list[LexborNode] = []
    for selector in dict.fromkeys(_hiding_selectors(sheets)):
        nodes = body.css(selector)
        if nodes and _mentioned(sheets, selector) == 1:
            found += nodes
    return found


def _hiding_selectors(sheets: str) -> Iterator[str]:
    for rule_text in _hinted_rules(sheets):
        for rule in tinycss2.parse_stylesheet(rule_text, skip_comments=True, skip_whitespace=True):
            if rule.type == "qualified-rule":
                for selector in tinycss2.serialize(rule.prelude).split(","):
                    if SIMPLE.fullmatch(selector.strip()):
                        yield selector.strip()


def _hinted_rules(sheets: str) -> Iterator[str]:
    """Yield the text of up to RULES_MAX rules that hide and are not inside of another block."""
    depth = counted = end = 0
    left = RULES_MAX
    for first, last in _hints(sheets):
        if first < end:
            continue
        before = end
        opening = sheets.rfind("{", before, first)
        end = sheets.find("}", last)
        if end < 0 or left == 0:
            return
        end += 1
        if opening < 0 or end - opening > RULE_MAX_CHARS:
            continue
        depth += sheets.count("{", counted, opening) - sheets.count("}", counted, opening)
        counted = opening
        start = max(sheets.rfind(mark, max(0, before - 1), opening) for mark in "{};")
        rule = sheets[start + 1 : end]
        simple = any(SIMPLE.fullmatch(one.strip()) for one in sheets[start + 1 : opening].split(","))
        if depth == 0 and simple and hides(sheets[opening + 1 : end - 1]):
            left -= 1
            yield rule


def _hints(sheets: str) -> list[tuple[int, int]]:
    """Return where hints are: start (or a place in the same declaration) and end."""
    lower = sheets.replace("İ", "i").lower()  # the only letter whose lower case has two characters
    found = [match.span() for hint in (HINT_CLIP, HINT_COLOURS) for match in hint.finditer(lower)]
    for match in HINT_VALUE.finditer(lower):
        colon = match.start()
        before = lower[max(0, colon - PROPERTY_CHARS) : colon].rstrip()
        if before.endswith(HINT_PROPERTIES[match[1][0]]):
            found.append(match.span())
    return sorted(found)


def _mentioned(sheets: str, selector: str) -> int:
    return len(re.findall(rf"{re.escape(selector)}(?![\w-])", sheets))


def _same_colour(style: str) -> bool:
    colours = COLOUR.findall(style)
    grounds = BACKGROUND.findall(style)
    if not colours or not grounds:
        return False
    text, ground = parse_color(colours[-1]), parse_color(grounds[-1])
    return text is not None and text == ground
