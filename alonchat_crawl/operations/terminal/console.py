"""The two consoles that people read, and text made safe for them."""

import unicodedata

from rich.console import Console

from alonchat_crawl.operations.logs.shown_urls import shown_urls

STDERR = Console(stderr=True, highlight=False, soft_wrap=True)
"""Shared by the progress line and the log, so that messages appear above the line."""


def stdout() -> Console:
    """Return a console for results: colour on a terminal, plain text elsewhere."""
    return Console(highlight=False)


def plain(text: object, console: Console) -> str:
    """Return text from outside as one line that cannot steer a terminal, of its URLs what may be shown.

    Controls, bidirectional overrides and whatever the console's encoding lacks are shown as escapes.
    Wrap the result in `rich.text.Text`, which reads no markup.
    """
    shown = "".join(_escaped(char) for char in shown_urls(str(text)))
    return shown.encode(console.encoding, "backslashreplace").decode(console.encoding)


def _escaped(char: str) -> str:
    if char in "\n\r\t":
        return " "
    if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}:
        return char.encode("unicode_escape").decode("ascii")
    return char
