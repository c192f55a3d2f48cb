"""An HTML page to safe Markdown, by the route that was measured best for its kind.

Pages with a structure (documentation, legal texts) give their main element whole. Of others the passages of
the main text are kept (main_content.py), or trafilatura finds the article. If that leaves hardly any text,
the main element is taken, and then the whole page.
"""

import re
from collections import Counter

import trafilatura
from html_to_markdown import ConversionOptions, convert
from selectolax.lexbor import LexborHTMLParser, LexborNode

from alonchat_crawl.extract.html.clean_dom import keep_visible, make_links_absolute
from alonchat_crawl.extract.html.main_content import keep_main
from alonchat_crawl.extract.html.metadata import metadata
from alonchat_crawl.extract.html.page_type import is_documentation, is_legal
from alonchat_crawl.extract.html.parse import parse
from alonchat_crawl.extract.safe_markdown import Extracted, safe_markdown

SHORT_CHARS = 80  # if fewer were chosen, the whole main element may hold more
DOUBTFUL = 0.8  # expected F1: under it trafilatura finds an article better than the score does
SCORED_MAX_CHARS = 1_000_000  # of HTML without scripts: scoring more takes seconds, and is hardly an article
LEGAL_HINT = re.compile(
    r"terms|privacy|licen[cs]e|legal|polic(?:y|ies)|agreement|conditions|gdpr|imprint|disclaimer|cookie",
    re.IGNORECASE,
)
MAIN = "main, [role=main]"
AROUND = (
    "nav, footer, [role=navigation], [role=search], [role=contentinfo], .sphinxsidebar, div.related, #footer"
)
ADMONITION = re.compile(r"note|tip|warn|caution|danger|important|admonition|callout|aside", re.IGNORECASE)
OPTIONS = ConversionOptions(
    extract_metadata=False,
    autolinks=False,
    highlight_style="none",
    skip_images=True,
    compact_tables=True,
    expand_abbreviations=False,
    # Text that only looks like markup is escaped.
    escape_asterisks=True,
    escape_underscores=True,
    escape_misc=True,
)


def extract_html(html: str, url: str) -> Extracted:
    """Extract an HTML page; raises TooDeepError, and whatever a parser raises on a hostile page."""
    tree = parse(html.replace("\0", ""))
    described = metadata(tree)
    is_structured = is_documentation(tree, url)
    removed = keep_visible(tree)
    title = title_of(tree)
    visible = tree.html or ""
    markdown = ""
    if not (is_structured or len(visible) > SCORED_MAX_CHARS or _is_legal(tree, title, url)):
        expected = keep_main(tree, title)
        if expected < DOUBTFUL and described.is_article:
            markdown = _article(visible, url)
        elif expected and tree.body is not None:
            markdown = _converted(tree.body, tree, url, removed)
    if len(markdown) < SHORT_CHARS:
        markdown = max(markdown, _main_element(LexborHTMLParser(visible), url, removed), key=len)
    low_quality = not markdown.strip()
    if low_quality:
        markdown = _whole_page(LexborHTMLParser(visible), url)
    return safe_markdown(title, markdown, removed, described, low_quality=low_quality)


def title_of(tree: LexborHTMLParser) -> str:
    """Return the text of the page's <title>, or of its first <h1>; empty if it has neither."""
    for selector in ("head > title", "h1"):
        node = tree.css_first(selector)
        if node is not None and node.text(strip=True):
            return node.text()
    return ""


def _is_legal(tree: LexborHTMLParser, title: str, url: str) -> bool:
    """Whether every clause counts. The words are weighed only if the title or the address hints at law."""
    return bool(LEGAL_HINT.search(f"{title} {url}")) and tree.body is not None and is_legal(tree.body.text())


def _article(html: str, url: str) -> str:
    return (
        trafilatura.extract(
            html, url=url, output_format="markdown", include_links=True, include_formatting=True
        )
        or ""
    )


def _converted(root: LexborNode, tree: LexborHTMLParser, url: str, removed: Counter[str]) -> str:
    removed["link"] += make_links_absolute(tree, url)
    return (convert(root.html or "", OPTIONS).content or "").strip()


def _main_element(tree: LexborHTMLParser, url: str, removed: Counter[str]) -> str:
    """Convert the main element (or the only article, or the body) without menus, footers and side notes."""
    mains, articles = tree.css(MAIN), tree.css("article")
    root = mains[0] if mains else articles[0] if len(articles) == 1 else tree.body
    if root is None:
        return ""
    for node in root.css(AROUND):
        node.decompose()
    for node in root.css("header, aside"):
        if not _belongs(node):
            node.decompose()
    return _converted(root, tree, url, removed)


def _belongs(node: LexborNode) -> bool:
    """Whether a <header> holds the page's own heading, or an <aside> one of its notes."""
    if node.tag == "header":
        return node.css_first("h1") is not None
    return bool(ADMONITION.search(node.attributes.get("class") or ""))


def _whole_page(tree: LexborHTMLParser, url: str) -> str:
    """Convert all of a page; take its bare text if it is nested too deep for the converter."""
    make_links_absolute(tree, url)
    markdown = convert(tree.html or "", OPTIONS).content or ""
    return markdown if markdown.strip() else (tree.body.text() if tree.body else "")
