"""Which elements a page's own <style> rules hide, and which inline styles hide."""

import re
from collections.abc import Iterator

import tinycss2  # type: ignore[import-untyped]  # it has no hints
from selectolax.lexbor import LexborHTMLParser, LexborNode
from tinycss2.color4 import parse_color  # type: ignore[import-untyped]

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
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
COMMENTS_AND_SPACE = re.compile(r"/\*.*?\*/|\s+|\\", re.DOTALL)
ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,5})\s?")  # CSS Syntax, 4.3.7: `\6e` is an n
COLOUR = re.compile(r"(?<![\w-])color:([^;!}]+)")
BACKGROUND = re.compile(r"(?<![\w-])background(?:-color)?:([^;!}]+)")
# Where a rule may hide something: cheap to find, and then its rule is parsed.
HINT = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0|font-size\s*:\s*0|"
    r"color\s*:\s*transparent|(?:text-indent|left|top|right|margin-left)\s*:\s*-\d{3}|"
    r"(?:height|width)\s*:\s*0|clip|[{;]\s*color\s*:[^;{}]+;\s*background",
    re.IGNORECASE,
)
INLINE_HINT = re.compile(r"\\|/\*|none|hidden|collapse|:\s*0|0p|transparent|-\d{3}|clip|scale|background")
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


def hidden_by_rules(tree: LexborHTMLParser) -> list[LexborNode]:
    """Return the elements that a plain rule hides.

    Only rules outside of @media with one class, id or element name for a selector, and only where no
    other rule of the page mentions that name: what is shown under a condition is a menu, a tab, a dialog.
    """
    sheets = "\n".join(node.text() for node in tree.css("style"))[:SHEETS_MAX_CHARS]
    sheets = COMMENT.sub("", sheets)
    found: list[LexborNode] = []
    for selector in dict.fromkeys(_hiding_selectors(sheets)):
        nodes = tree.css(selector)
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
    """Yield the text of up to RULES_MAX rules that hide, those inside of another block left out."""
    depth = counted = end = 0
    left = RULES_MAX
    for hint in HINT.finditer(sheets):
        if hint.start() < end:
            continue
        opening = sheets.rfind("{", end, hint.start() + 1)
        end = sheets.find("}", hint.end())
        if end < 0 or left == 0:
            return
        end += 1
        if opening < 0 or end - opening > RULE_MAX_CHARS:
            continue
        depth += sheets.count("{", counted, opening) - sheets.count("}", counted, opening)
        counted = opening
        start = max(sheets.rfind(mark, 0, opening) for mark in "{};")
        rule = sheets[start + 1 : end]
        simple = any(SIMPLE.fullmatch(one.strip()) for one in sheets[start + 1 : opening].split(","))
        if depth == 0 and simple and hides(sheets[opening + 1 : end - 1]):
            left -= 1
            yield rule


def _mentioned(sheets: str, selector: str) -> int:
    return len(re.findall(rf"{re.escape(selector)}(?![\w-])", sheets))


def _same_colour(style: str) -> bool:
    colours = COLOUR.findall(style)
    grounds = BACKGROUND.findall(style)
    if not colours or not grounds:
        return False
    text, ground = parse_color(colours[-1]), parse_color(grounds[-1])
    return text is not None and text == ground
