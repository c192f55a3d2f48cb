"""A page's links, its canonical URL and what its meta tags tell robots."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urljoin

from markdown_it import MarkdownIt
from markdown_it.token import Token
from selectolax.lexbor import LexborHTMLParser, LexborNode

from alonchat_crawl.extract.html.parse import UNDECODED, TooDeepError, parse
from alonchat_crawl.extract.site.fingerprints import Fingerprints, fingerprints, visible_text
from alonchat_crawl.extract.site.session_ids import without_session
from alonchat_crawl.urls import URL_MAX_CHARS, canonical_url

LINK_ELEMENTS = "a[href], area[href], iframe[src], frame[src]"
MARKDOWN = MarkdownIt("commonmark")
HREFS_A_LINK = 10
"""How many hrefs are read for each link that a page may have: many are invalid or lead to the same URL."""


@dataclass(frozen=True, slots=True)
class PageLinks:
    """What a page says about other URLs and to robots."""

    links: tuple[str, ...]
    """Canonical http(s) URLs in document order, each once, without session ids and rel=nofollow links."""
    canonical: str | None
    """The page's rel=canonical as a canonical URL; None if there is none that can be used."""
    meta_robots: tuple[tuple[str, str], ...]
    """(name, content) of each named meta tag, names in lower case: `robots` and single robots' names."""
    left_out: int = 0
    """How many different hrefs were not read, because the page has the most links that it may have."""
    fingerprints: Fingerprints | None = None
    """Of the page's text; None if it has none."""


def page_links(html: str, url: str, most: int) -> PageLinks:
    """Read an HTML page at `url`, its first `most` links. What is malformed is left out; never raises."""
    try:
        tree = parse(html)
    except TooDeepError:
        return PageLinks((), None, ())
    base = _base(tree, url)
    hrefs = (_target(node) for node in tree.css(LINK_ELEMENTS) if not _has_rel(node, "nofollow"))
    canonicals = (_attribute(node, "href") for node in tree.css("link[href]") if _has_rel(node, "canonical"))
    links, left_out = _absolute(hrefs, base, most)
    return PageLinks(
        links=links,
        canonical=next(iter(_absolute(canonicals, base, 1)[0]), None),
        meta_robots=tuple(
            (_attribute(node, "name").strip().lower(), _attribute(node, "content"))
            for node in tree.css("meta[name][content]")
        ),
        left_out=left_out,
        fingerprints=fingerprints(visible_text(tree)),  # last: it removes nodes from the tree
    )


def markdown_links(text: str, url: str, most: int) -> PageLinks:
    """Read the inline, reference and <auto> links of a Markdown document at `url`, as `page_links` does."""
    links, left_out = _absolute(_hrefs(MARKDOWN.parse(text)), url, most)
    return PageLinks(links, None, (), left_out, fingerprints(text))


def _hrefs(tokens: Iterable[Token]) -> Iterable[str]:
    for token in tokens:
        if token.type == "link_open":
            yield str(token.attrGet("href") or "")
        yield from _hrefs(token.children or ())


def _absolute(hrefs: Iterable[str], base: str, most: int) -> tuple[tuple[str, ...], int]:
    """Return the first `most` different links, and how many different hrefs were not read."""
    different = dict.fromkeys(hrefs)
    found: dict[str, None] = {}
    looked_at = 0
    for href in islice(different, most * HREFS_A_LINK):
        if len(found) >= most:
            break
        looked_at += 1
        if len(href) > 2 * URL_MAX_CHARS or UNDECODED in href:  # mostly data: URIs
            continue
        try:
            target = canonical_url(urljoin(base, href.strip()))
        except ValueError:
            continue
        if target is not None:
            found[without_session(target)] = None
    return tuple(found), len(different) - looked_at


def _base(tree: LexborHTMLParser, url: str) -> str:
    """Return the first <base href> if it can be fetched, else `url` (HTML Standard, 2.4.3)."""
    node = tree.css_first("base[href]")
    declared = _absolute([_attribute(node, "href")], url, 1)[0] if node is not None else ()
    return declared[0] if declared else url


def _target(node: LexborNode) -> str:
    return _attribute(node, "href") or _attribute(node, "src")


def _attribute(node: LexborNode, name: str) -> str:
    return node.attributes.get(name) or ""


def _has_rel(node: LexborNode, value: str) -> bool:
    return value in _attribute(node, "rel").lower().split()
