"""Text from outside, made fit for a terminal."""

import re

from alonchat_crawl.operations.logs.shown_urls import HIDDEN, shown_urls

# A user and a password before a host, in a URL whose scheme was forgotten. Bounded, and so linear.
_CREDENTIALS = re.compile(r"""(?<![^\s"'])[^\s/?#"'<>:@]{1,200}:[^\s/?#"'<>@]{1,200}@""")


def without_secrets(text: str, *, files: bool = False) -> str:
    """Return text without user names and passwords, and of its URLs what may be shown.

    With `files` no value of a query is: the text is of an upload.
    """
    return _CREDENTIALS.sub(f"{HIDDEN}@", shown_urls(text, files=files))


def terminal_text(text: object, *, encoding: str = "utf-8", files: bool = False) -> str:
    """Return text as one line that shows no secret, and can neither steer a terminal nor reorder the line.

    Controls, bidirectional overrides and whatever the encoding lacks are shown as escapes. Wrap the result
    in `rich.text.Text`, which reads no markup.
    """
    words = " ".join(without_secrets(str(text), files=files).split())
    shown = "".join(char if char.isprintable() else _escaped(char) for char in words)
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
