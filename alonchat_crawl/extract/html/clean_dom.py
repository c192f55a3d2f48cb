"""Clean a page's DOM: remove what readers do not see and what must not be stored; make its links absolute."""

import re
from collections import Counter
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from alonchat_crawl.extract.html.hidden import drop_hidden
from alonchat_crawl.urls import canonical_url

DROPPED = (
    "script, style, template, noscript, svg, math annotation, object, embed, applet, canvas, audio, video"
)
FORMS = "input, textarea, select, button, iframe, frame, dialog:not([open])"
# Links that documentation generators put beside headings: Sphinx, MkDocs, Docusaurus, GitHub, asciidoctor.
PERMALINKS = "a.headerlink, a.anchor, a.hash-link, a.header-anchor, a.heading-link, a.anchorjs-link"
LINE_NUMBERS = "td.linenos, td.gutter, td.rouge-gutter, .linenodiv, .lineno"
CODE_TABLES = "table.highlighttable, table.rouge-table, .highlight table"
MAIL = re.compile(r"mailto:[^\s<>()\"]+", re.IGNORECASE)


def keep_visible(tree: LexborHTMLParser) -> Counter[str]:
    """Leave only what readers see in the tree; return how many elements were removed, by kind."""
    removed = drop_hidden(tree)
    _drop(tree, DROPPED, removed, "active")
    _drop(tree, FORMS, removed, "form")
    for selector in (PERMALINKS, LINE_NUMBERS):
        _drop(tree, selector, Counter(), "")
    for table in tree.css(CODE_TABLES):
        code = table.css("pre")
        if code:
            table.replace_with(code[-1])
    for inner in tree.css("pre pre"):  # gi-docgen nests them: a fence in a fence
        inner.unwrap()
    for image in tree.css("img"):
        image.replace_with(image.attributes.get("alt") or "")
    return removed


def _drop(tree: LexborHTMLParser, selector: str, removed: Counter[str], kind: str) -> None:
    nodes = tree.css(selector)
    for node in nodes:
        node.decompose()
    if nodes:
        removed[kind] += len(nodes)


def make_links_absolute(tree: LexborHTMLParser, url: str) -> int:
    """Make each link absolute; of one that is not http, https or mailto only the text stays.

    Return how many such links there were; those into the same page do not count.
    """
    dead = 0
    targets: dict[str, str | None] = {}
    base_node = tree.css_first("base[href]")
    base = urljoin(url, base_node.attributes.get("href") or "") if base_node is not None else url
    for anchor in tree.css("a"):
        href = (anchor.attributes.get("href") or "").strip()
        if href not in targets:
            targets[href] = _target(base, href)
        target = targets[href]
        if target is None:
            if href and not href.startswith("#"):
                dead += 1
            anchor.unwrap()
            continue
        for name in list(anchor.attributes):
            del anchor.attrs[name]
        anchor.attrs["href"] = target
    return dead


def _target(base: str, href: str) -> str | None:
    """Return a link's target as Markdown can hold it; None for one into the same page, or to be dropped."""
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
