"""Escapes plain text, so that nothing in it becomes markup in Markdown."""

import re

SPECIAL = re.compile(r"([\\`*_\[\]<>&~|!])")
# What `escaped_cell` changes: markup, control characters, and white space but single spaces between words.
UNUSUAL = re.compile(r"[\\`*_\[\]<>&~|!\x00-\x1f\x7f-\x9f]|[^\S ]|  |^ | $")
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")


def one_line(text: str) -> str:
    """Return a text without line ends and doubled spaces."""
    return " ".join(text.split())


def escaped(text: str) -> str:
    """Return plain text as Markdown that shows the same characters."""
    return SPECIAL.sub(r"\\\1", text)


def escaped_cell(text: str) -> str:
    """Return plain text as a table's cell: one line, without markup or anything that ends the cell."""
    return escaped(one_line(CONTROL.sub("", text))) if UNUSUAL.search(text) else text
