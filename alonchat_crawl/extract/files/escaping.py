"""Plain words to Markdown in which nothing of them becomes markup."""

import re

SPECIAL = re.compile(r"([\\`*_\[\]<>&~|!])")
# What `cell` changes: markup, control characters, white space that is no single space between words.
UNUSUAL = re.compile(r"[\\`*_\[\]<>&~|!\x00-\x1f\x7f-\x9f]|[^\S ]|  |^ | $")
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")


def one_line(text: str) -> str:
    """Return a text without line ends and doubled spaces."""
    return " ".join(text.split())


def escaped(text: str) -> str:
    """Return plain text as Markdown that shows the same characters."""
    return SPECIAL.sub(r"\\\1", text)


def cell(text: str) -> str:
    """Return plain text as a table's cell: one line, nothing in it markup, nothing that ends it."""
    return escaped(one_line(CONTROL.sub("", text))) if UNUSUAL.search(text) else text
