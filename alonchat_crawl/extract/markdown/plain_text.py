"""Markdown as a person reads it: the words, without marks and addresses."""

from collections.abc import Iterator
from typing import Any

from pyromark import events

from alonchat_crawl.extract.markdown.reader import OPTIONS

INLINE = frozenset({"Emphasis", "Strong", "Strikethrough", "Link", "Image"})
WORDS = frozenset({"Text", "Code", "Html", "InlineHtml"})
BREAKS = frozenset({"SoftBreak", "HardBreak", "Rule"})


def plain_text(markdown: str) -> str:
    """Return the text of Markdown, a line a block: no marks, and of links and images their words only."""
    lines = "".join(_parts(markdown)).split("\n")
    return "\n".join(line.strip() for line in lines if line.strip())


def _parts(markdown: str) -> Iterator[str]:
    event: Any
    for event in events(markdown, options=OPTIONS):
        if isinstance(event, str):
            yield "\n" if event in BREAKS else ""
            continue
        what, value = next(iter(event.items()))
        if what in WORDS:
            yield str(value)
        elif what in {"Start", "End"}:
            name = value if isinstance(value, str) else next(iter(value))
            if name not in INLINE:
                yield " " if name == "TableCell" else "\n"
