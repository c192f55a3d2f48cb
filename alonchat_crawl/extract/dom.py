"""Take out of a page's DOM what readers do not see and what must not be stored."""

import re
from collections import Counter
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from alonchat_crawl.extract.links import canonical_url

DROPPED = (
    "script, style, template, noscript, svg, math annotation, object, embed, applet, canvas, audio, video"
)
FORMS = "input, textarea, select, button, iframe, frame, dialog:not([open])"
# What documentation generators add for the mouse: Sphinx, MkDocs, Docusaurus, GitHub, asciidoctor.
PERMALINKS = "a.headerlink, a.anchor, a.hash-link, a.header-anchor, a.heading-link, a.anchorjs-link"
LINE_NUMBERS = "td.linenos, td.gutter, td.rouge-gutter, .linenodiv, .lineno"
CODE_TABLES = "table.highlighttable, table.rouge-table, .highlight table"
MAIL = re.compile(r"mailto:[^\s<>()\"]+", re.IGNORECASE)
# Inline styles that leave nothing to see. An injected instruction is hidden this way.
HIDING = re.compile(
    r"""display:none|visibility:(?:hidden|collapse)|content-visibility:hidden
    |(?<![\w-])opacity:(?:0(?:\.0+)?%?)(?![\d.])
    |font-size:0(?:\.0+)?(?:px|r?em|%|pt)?(?![\d.])
    |font:[^;]*(?<![\d.])0(?:px|pt)\b
    |(?<![\w-])color:transparent
    |text-indent:-\d{3,}
    |(?<![\w-])(?:left|top|right|bottom|margin-left|margin-top):-\d{3,}
    |clip:rect\((?:0(?:px)?[,)]?|1px[,)]?){4}|clip-path:(?:inset\((?:50|100)%\)|circle\(0|polygon\(0(?:px)?0)
    |transform:[^;]*(?:scale[xy]?\(0(?:\.0+)?[,)]|translate[xy]?\(-\d{4,})""",
    re.VERBOSE,
)
SIZELESS = re.compile(r"(?<![\w-])(?:max-)?(?:height|width):0(?:px)?(?![\d.])")
COMMENTS_AND_SPACE = re.compile(r"/\*.*?\*/|\s+|\\", re.DOTALL)
ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,5})\s?")  # CSS Syntax, 4.3.7: `\6e` is an n


def keep_visible(tree: LexborHTMLParser, url: str) -> Counter[str]:
    """Leave in the page's tree only what readers see, with absolute safe links; return counts of the rest.

    Classes are not resolved, only attributes and inline styles. Text for screen readers stays: it is
    read out.
    """
    removed: Counter[str] = Counter()
    for node in tree.css("[hidden], [style]"):
        if _is_hidden(node) and node.tag not in {"html", "body"}:
            removed["hidden"] += 1
            node.decompose()
    _drop(tree, DROPPED, removed, "active")
    _drop(tree, FORMS, removed, "form")
    for selector in (PERMALINKS, LINE_NUMBERS):
        _drop(tree, selector, Counter(), "")
    for table in tree.css(CODE_TABLES):
        code = table.css("pre")
        if code:
            table.replace_with(code[-1])
    for image in tree.css("img"):
        image.replace_with(image.attributes.get("alt") or "")
    _link(tree, url, removed)
    return removed


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    if "hidden" in attributes and (attributes["hidden"] or "").lower() != "until-found":
        return True
    style = ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), attributes.get("style") or "")
    style = COMMENTS_AND_SPACE.sub("", style).lower()
    sizeless = "overflow:hidden" in style and SIZELESS.search(style)
    return bool(style and (sizeless or HIDING.search(style)))


def _drop(tree: LexborHTMLParser, selector: str, removed: Counter[str], kind: str) -> None:
    nodes = tree.css(selector)
    for node in nodes:
        node.decompose()
    if nodes:
        removed[kind] += len(nodes)


def _link(tree: LexborHTMLParser, url: str, removed: Counter[str]) -> None:
    """Make each link absolute; one that is not http, https or mailto leaves its text behind."""
    base_node = tree.css_first("base[href]")
    base = urljoin(url, base_node.attributes.get("href") or "") if base_node is not None else url
    for anchor in tree.css("a"):
        href = (anchor.attributes.get("href") or "").strip()
        target = _target(base, href)
        if target is None:
            if href and not href.startswith("#"):
                removed["link"] += 1
            anchor.unwrap()
            continue
        for name in list(anchor.attributes):
            del anchor.attrs[name]
        anchor.attrs["href"] = target


def _target(base: str, href: str) -> str | None:
    """Return a link that Markdown can hold: fragments point into the same page and are not kept."""
    if not href or href.startswith("#"):
        return None
    if MAIL.fullmatch(href):
        return href
    try:
        target = canonical_url(urljoin(base, href))
    except ValueError:
        return None
    # Round brackets would end a Markdown link early.
    return target.replace("(", "%28").replace(")", "%29") if target else None
