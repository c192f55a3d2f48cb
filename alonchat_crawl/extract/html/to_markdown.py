"""A page of any text type to safe Markdown, by the route that was measured best for its kind."""

import re
from collections import Counter
from dataclasses import dataclass, field

import pyromark
import trafilatura
from html_to_markdown import ConversionOptions, convert
from selectolax.lexbor import LexborHTMLParser, LexborNode

from alonchat_crawl.extract.html.dom import keep_visible, make_links_absolute
from alonchat_crawl.extract.html.main_content import keep_main
from alonchat_crawl.extract.html.metadata import Metadata, metadata
from alonchat_crawl.extract.html.page_type import is_documentation, is_legal
from alonchat_crawl.extract.html.parse import parse
from alonchat_crawl.extract.markdown.plain_lines import plain_line
from alonchat_crawl.extract.markdown.writer import TopBlock, write
from alonchat_crawl.extract.text.clean_text import clean_text

SHORT_CHARS = 80  # of what was chosen; under it the whole main element may do better
DOUBTFUL = 0.8  # expected F1 under which trafilatura finds an article better than the score does
SCORED_MAX_CHARS = 1_000_000  # of HTML without scripts; above it scoring takes seconds, for hardly an article
LEGAL_HINT = re.compile(
    r"terms|privacy|licen[cs]e|legal|polic(?:y|ies)|agreement|conditions|gdpr|imprint|disclaimer|cookie",
    re.IGNORECASE,
)
MAIN = "main, [role=main]"
AROUND = (
    "nav, footer, [role=navigation], [role=search], [role=contentinfo], .sphinxsidebar, div.related, #footer"
)
ADMONITION = re.compile(r"note|tip|warn|caution|danger|important|admonition|callout|aside", re.IGNORECASE)
FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
FRONT_TITLE = re.compile(r"^title:[ \t]*(['\"]?)(.+?)\1[ \t]*$", re.MULTILINE)
OPTIONS = ConversionOptions(
    extract_metadata=False,
    autolinks=False,
    highlight_style="none",
    skip_images=True,
    compact_tables=True,
    expand_abbreviations=False,
    # Text that looks like markup is told from markup.
    escape_asterisks=True,
    escape_underscores=True,
    escape_misc=True,
)


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a page says."""

    title: str
    """One line of plain text; empty where the page has none."""
    markdown: str
    """Safe Markdown; empty where the page has no text."""
    low_quality: bool = False
    """True where only the whole body, navigation included, gave any text."""
    removed: Counter[str] = field(default_factory=Counter)
    """Counts of what was stripped, by kind."""
    metadata: Metadata = field(default_factory=Metadata)
    blocks: tuple[TopBlock, ...] = ()
    """Where the blocks of its Markdown are."""


def extract(html: str, url: str) -> Extracted:
    """Extract an HTML page; raises TooDeepError, and whatever a parser raises on a hostile page."""
    tree = parse(html.replace("\0", ""))
    described = metadata(tree)
    structured = is_documentation(tree, url)
    removed = keep_visible(tree)
    title = _title(tree)
    whole = tree.html or ""
    structured = structured or len(whole) > SCORED_MAX_CHARS or _is_legal(tree, title, url)
    markdown = ""
    if not structured:
        expected = keep_main(tree, title)
        if expected < DOUBTFUL and described.is_article:
            markdown = _article(whole, url)
        elif expected and tree.body is not None:
            markdown = _converted(tree.body, tree, url, removed)
    if len(markdown) < SHORT_CHARS:
        tree = LexborHTMLParser(whole)
        markdown = max(markdown, _structured(tree, url, removed), key=len)
    low_quality = not markdown.strip()
    if low_quality:
        tree = LexborHTMLParser(whole)
        make_links_absolute(tree, url)
        markdown = convert(tree.html or "", OPTIONS).content or ""
        # Nested beyond the converter's patience, there is still its text.
        markdown = markdown if markdown.strip() else (tree.body.text() if tree.body else "")
    return _safe(title, markdown, removed, described, low_quality=low_quality)


def extract_markdown(text: str, url: str) -> Extracted:
    """Extract a Markdown document: through HTML, so that raw HTML and links in it get the same treatment."""
    text, removed = clean_text(text)
    front = FRONT_MATTER.match(text)
    named = FRONT_TITLE.search(front.group(1) or "") if front else None
    # A hundred times as fast as markdown-it: of a large spreadsheet that is the difference between seconds.
    html = pyromark.html(text[front.end() :] if front else text, options=pyromark.Options.ENABLE_TABLES)
    tree = parse(html)
    removed.update(keep_visible(tree))
    removed.update(link=make_links_absolute(tree, url))
    markdown = convert(tree.body.html or "", OPTIONS).content if tree.body else ""
    return _safe(named.group(2) if named else _title(tree), markdown or "", removed)


def extract_plain(text: str) -> Extracted:
    """Take a plain text for Markdown: its words and lines stay, and what looks like a list or code is one."""
    return _safe("", text, Counter())


def _safe(
    title: str,
    markdown: str,
    removed: Counter[str],
    described: Metadata | None = None,
    *,
    low_quality: bool = False,
) -> Extracted:
    _, gone = clean_text(title)
    removed = removed + gone
    markdown, gone = clean_text(markdown)
    removed.update(gone)
    written = write(markdown)
    return Extracted(
        title=plain_line(title),
        markdown=written.markdown,
        low_quality=low_quality,
        removed=+removed,
        metadata=described or Metadata(),
        blocks=written.blocks,
    )


def _title(tree: LexborHTMLParser) -> str:
    for selector in ("head > title", "h1"):
        node = tree.css_first(selector)
        if node is not None and node.text(strip=True):
            return node.text()
    return ""


def _is_legal(tree: LexborHTMLParser, title: str, url: str) -> bool:
    """Whether every clause counts; the words are only weighed where title or address speak of law."""
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


def _structured(tree: LexborHTMLParser, url: str, removed: Counter[str]) -> str:
    """Convert the main element (or the only article, or the body) without what stands around it."""
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
    """A page's own heading often stands in a <header>, its notes in an <aside>."""
    if node.tag == "header":
        return node.css_first("h1") is not None
    return bool(ADMONITION.search(node.attributes.get("class") or ""))
