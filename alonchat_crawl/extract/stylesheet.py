"""Which elements a page's own <style> rules hide, and which inline styles hide."""

import re
from collections.abc import Iterator

import tinycss2
from selectolax.lexbor import LexborHTMLParser, LexborNode
from tinycss2.color4 import parse_color

SHEETS_MAX_CHARS = 500_000  # of a page's <style> elements; what comes later is not looked at
RULES_MAX = 200
HIDING = re.compile(
    r"""display:none|visibility:(?:hidden|collapse)|content-visibility:hidden
    |(?<![\w-])opacity:(?:0(?:\.0+)?%?)(?![\d.])
    |font-size:0(?:\.0+)?(?:px|r?em|%|pt)?(?![\d.])
    |font:[^;]*(?<![\d.])0(?:px|pt)\b
    |(?<![\w-])color:transparent
    |text-indent:-(?:[5-9]\d\d|\d{4,})
    |(?<![\w-])(?:left|top|right|bottom|margin-left|margin-top):-(?:[5-9]\d\d|\d{4,})
    |clip:rect\((?:0(?:px)?[,)]?|1px[,)]?){4}|clip-path:(?:inset\((?:50|100)%\)|circle\(0|polygon\(0(?:px)?0)
    |transform:[^;]*(?:scale[xy]?\(0(?:\.0+)?[,)]|translate[xy]?\(-\d{4,})""",
    re.VERBOSE,
)
SIZELESS = re.compile(r"(?<![\w-])(?:max-)?(?:height|width):0(?:px)?(?![\d.])")
COMMENTS_AND_SPACE = re.compile(r"/\*.*?\*/|\s+|\\", re.DOTALL)
ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,5})\s?")  # CSS Syntax, 4.3.7: `\6e` is an n
COLOUR = re.compile(r"(?<![\w-])color:([^;!}]+)")
BACKGROUND = re.compile(r"(?<![\w-])background(?:-color)?:([^;!}]+)")
# One rule outside of @media and the like, by its last declaration block.
RULE = re.compile(r"([^{}@;]{1,300})\{([^{}]{1,2000})\}")
WORTH_A_LOOK = re.compile(r"none|hidden|collapse|:\s*-?0|transparent|-\d{3}|clip|scale|background")
SIMPLE = re.compile(r"[a-zA-Z][\w-]*|(?:[a-zA-Z][\w-]*)?[.#][\w-]+")


def hides(style: str) -> bool:
    """Whether declarations (of a style attribute or a rule) leave nothing to see."""
    style = ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), style)
    style = COMMENTS_AND_SPACE.sub("", style).lower()
    if HIDING.search(style) or ("overflow:hidden" in style and SIZELESS.search(style)):
        return True
    return "background" in style and _same_colour(style)


def hidden_by_rules(tree: LexborHTMLParser) -> list[LexborNode]:
    """Return the elements that a plain rule hides.

    Only rules outside of @media with one class, id or element name for a selector, and only where no
    other rule of the page mentions that name: what is shown under a condition is a menu, a tab, a dialog.
    """
    sheets = "\n".join(node.text() for node in tree.css("style"))[:SHEETS_MAX_CHARS]
    found: list[LexborNode] = []
    if not WORTH_A_LOOK.search(sheets):
        return found
    for selector in dict.fromkeys(_hiding_selectors(sheets)):
        nodes = tree.css(selector)
        if nodes and _mentioned(sheets, selector) == 1:
            found += nodes
    return found


def _hiding_selectors(sheets: str) -> Iterator[str]:
    left, depth, done = RULES_MAX, 0, 0
    for match in RULE.finditer(sheets):
        depth += sheets.count("{", done, match.start()) - sheets.count("}", done, match.start())
        done = match.end()
        if depth > 0 or not WORTH_A_LOOK.search(match[2]) or not hides(match[2]):
            continue
        left -= 1
        if left < 0:
            return
        for rule in tinycss2.parse_stylesheet(match[0], skip_comments=True, skip_whitespace=True):
            if rule.type == "qualified-rule" and hides(tinycss2.serialize(rule.content)):
                for selector in tinycss2.serialize(rule.prelude).split(","):
                    if SIMPLE.fullmatch(selector.strip()):
                        yield selector.strip()


def _mentioned(sheets: str, selector: str) -> int:
    return len(re.findall(rf"{re.escape(selector)}(?![\w-])", sheets))


def _same_colour(style: str) -> bool:
    colours = COLOUR.findall(style)
    grounds = BACKGROUND.findall(style)
    if not colours or not grounds:
        return False
    text, ground = parse_color(colours[-1]), parse_color(grounds[-1])
    return text is not None and text == ground
