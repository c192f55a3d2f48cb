"""What renderers make of stored Markdown when they let raw HTML and any link through."""

import mistune
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

COMMONMARK = MarkdownIt("commonmark", {"html": True})
TABLES = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
for renderer in (COMMONMARK, TABLES):
    renderer.validateLink = bool  # type: ignore[method-assign, assignment]  # others may validate nothing
# It makes links of bare addresses, as GitHub's Markdown does.
ADDRESSES = mistune.create_markdown(
    renderer=mistune.HTMLRenderer(escape=False, allow_harmful_protocols=True),
    plugins=["url", "table", "strikethrough", "task_lists", "footnotes", "def_list"],
)
FORMATTING = frozenset(
    [
        *("h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre"),
        *("a", "em", "strong", "code", "s", "del", "sup", "hr", "br", "section"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    ]
)
HARMLESS = frozenset(["href", "class", "id", "start", "title", "style"])
LINKS = ("http://", "https://", "mailto:", "#fn")


def active(markdown: str) -> list[str]:
    """Return whatever some renderer would turn into HTML of the page's own, an image or another link."""
    return [
        found
        for render in (COMMONMARK.render, TABLES.render, ADDRESSES)
        for found in active_html(str(render(markdown)))
    ]


def active_html(html: str) -> list[str]:
    """Return the elements and attributes of an HTML fragment that are no formatting."""
    found = []
    for node in LexborHTMLParser(f"<!doctype html><body>{html}").css("body *"):
        attributes = node.attributes
        task = node.tag == "input" and attributes.get("type") == "checkbox"
        if node.tag not in FORMATTING and not task:
            found.append(f"<{node.tag}>")
            continue
        for name, value in attributes.items():
            if name == "href" and not str(value).lower().startswith(LINKS):
                found.append(f"{name}={value}")
            if name not in HARMLESS and not task:
                found.append(name)
            if name == "style" and not str(value).startswith("text-align:"):
                found.append(f"{name}={value}")
    return found
