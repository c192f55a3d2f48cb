"""What kind of text a page is. It decides how to extract and how large chunks are: a mistake is cheap."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from alonchat_crawl.items import ContentType

LEGAL_PER_1000 = 12  # measured: 17 of 17 licences, none of 100 documentation pages
LEGAL_MIN_WORDS = 150
LEGAL_WORD_MAX_CHARS = 32
LEGAL_WORD = re.compile(
    r"(?:licen[cs](?:e[ds]?|ees?|ors?|ing)|warrant(?:y|ies|s)|liabilit(?:y|ies)|liable|copyrights?|hereby|herein|"
    r"hereof|hereunder|hereinafter|thereof|thereunder|pursuant|notwithstanding|indemnif\w+|jurisdictions?|"
    r"merchantability|damages|agreements?|shall|part(?:y|ies)|obligations?|disclaim\w*|infring\w+|sublicen\w+|"
    r"arbitration|statutory|provisions?|consents?|gdpr|controllers?|privacy|refunds?|termination|confidential\w*)"
)
LEGAL_PHRASE = re.compile(r"\b(?:personal data|terms and conditions|governed by)\b")
WORD = re.compile(r"\w+")
FENCED = re.compile(
    r"^[ >]*(?P<fence>`{3,}|~{3,})[^\n]*\n(?P<code>.*?)(?:^[ >]*(?P=fence)|\Z)", re.MULTILINE | re.DOTALL
)
CODE_SHARE = 0.5
GENERATORS = re.compile(
    r"sphinx|asciidoc|docbook|docutils|doxygen|mkdocs|docusaurus|vitepress|vuepress|starlight|mdbook|antora|gitbook|"
    r"javadoc|rustdoc|texinfo|makeinfo|pandoc|hevea|latex2html|docfx|nextra|mintlify|readme|slate|jsdoc|typedoc",
    re.IGNORECASE,
)
SPHINX = "div.sphinxsidebar, a.headerlink, script#documentation_options"  # it has no generator tag
DOCS_PATH = re.compile(
    r"/(?:docs?|documentation|manual|reference|api|guides?|handbook|man|library|tutorials?)(?:/|$)",
    re.IGNORECASE,
)
SEVERAL_PRE = 2


def is_documentation(tree: LexborHTMLParser, url: str) -> bool:
    """Whether a page's structure (headings, code, tables) matters more than finding the article in it."""
    generators = (node.attributes.get("content") or "" for node in tree.css("meta[name=generator i]"))
    parts = urlsplit(url)
    return (
        any(GENERATORS.search(generator) for generator in generators)
        or len(tree.css("pre")) >= SEVERAL_PRE
        or tree.css_first(SPHINX) is not None
        or bool(DOCS_PATH.search(parts.path))
        or (parts.hostname or "").startswith(("docs.", "doc.", "developer."))
    )


def is_legal(text: str) -> bool:
    """Whether a text is a licence, contract, privacy policy or the like, by its English legal words."""
    text = text.lower()
    words = WORD.findall(text)
    if len(words) <= LEGAL_MIN_WORDS:
        return False
    legal = sum(_is_legal_word(word) for word in words if len(word) <= LEGAL_WORD_MAX_CHARS)
    return 1000 * (legal + len(LEGAL_PHRASE.findall(text))) >= LEGAL_PER_1000 * len(words)


@lru_cache(maxsize=1 << 14)
def _is_legal_word(word: str) -> bool:
    """Cached: most of a page's words were in the pages before."""
    return bool(LEGAL_WORD.fullmatch(word))


def content_type(markdown: str) -> ContentType:
    """Return a page's type. Legal words count first, since licences are often preformatted like code."""
    if is_legal(markdown):
        return ContentType.LEGAL
    code = sum(len(match.group("code")) for match in FENCED.finditer(markdown))
    return ContentType.CODE if code > CODE_SHARE * len(markdown) else ContentType.DOCUMENTATION
