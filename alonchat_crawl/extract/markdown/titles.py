"""Titles, headings and descriptions: text that stays plain as HTML, as Markdown, and beside Markdown."""

import re

from alonchat_crawl.extract.markdown.inert_text import ends_with_http
from alonchat_crawl.extract.text.clean_text import clean_text

LINE_MAX_CHARS = 500  # of a title or description
# A tag, an image, a link, a definition of a reference, an address that is neither http nor https, and a
# backtick, which could pair with one in the text that is shown beside the line.
ACTIVE = re.compile(
    r"<(?=[A-Za-z/!?\\])|!(?=\[)|\](?=\s*\(|[:\[])|`|(?<=[A-Za-z0-9+.\-]):(?=//)|(?<=xmpp):", re.IGNORECASE
)
LOOKS_LIKE = {"<": "‹", "!": "! ", "]": "］", "`": "'", ":": "∶"}


def plain_line(text: str) -> str:
    """Return a title or description on one line, at most 500 characters, inert."""
    return inert_line(" ".join(clean_text(text)[0].split())[:LINE_MAX_CHARS].rstrip())


def inert_line(text: str) -> str:
    """Return a title or heading that is neither a tag in HTML nor an image, a link or code in Markdown.

    It is plain text, in which an entity would be shown as such: so a look-alike stands for the character.
    """
    return ACTIVE.sub(_look_alike, text)


def _look_alike(match: re.Match[str]) -> str:
    found = match[0]
    return found if found == ":" and ends_with_http(match.string, match.start()) else LOOKS_LIKE[found]
