"""A paragraph's words and links, as plain text or as Markdown."""

import re
from collections.abc import Iterable

from alonchat_crawl.extract.files.escaping import escaped, one_line

WEB = re.compile(r"(?:https?://|mailto:)[^\s<>()\\]+", re.IGNORECASE)

Span = tuple[str, str]
"""Text, and the address that it links to; empty if it is no link."""


def web_address(target: str) -> str:
    """Return a link's address; empty if it does not lead to the web or to a mailbox."""
    return target if WEB.fullmatch(target) else ""


def as_plain(spans: Iterable[Span]) -> str:
    """Return the words of spans on one line."""
    return one_line("".join(text for text, _ in spans))


def as_markdown(spans: Iterable[Span]) -> str:
    """Return the words of spans on one line, escaped, with their links."""
    written: list[str] = []
    for text, target in spans:
        words = escaped(text)
        written.append(f"[{words.strip()}]({target})" if target and words.strip() else words)
    return one_line("".join(written))
