"""Makes text from outside safe to print on a terminal."""

import re

from alonchat_crawl.operations.logs.shown_urls import HIDDEN, shown_urls

# A user and a password before a host, in a URL without a scheme. Bounded lengths keep it linear.
_CREDENTIALS = re.compile(r"""(?<![^\s"'])[^\s/?#"'<>:@]{1,200}:[^\s/?#"'<>@]{1,200}@""")


def without_secrets(text: str, *, files: bool = False) -> str:
    """Return text without user names and passwords, and with only those parts of URLs that may be shown.

    With `files` no query's values are shown: the text is an upload's.
    """
    return _CREDENTIALS.sub(f"{HIDDEN}@", shown_urls(text, files=files))


def terminal_text(text: object, *, encoding: str = "utf-8", files: bool = False) -> str:
    """Return text as one line without secrets, which can neither steer a terminal nor reorder the line.

    Controls, bidirectional overrides and characters that the encoding lacks become escapes. Wrap the result
    in `rich.text.Text`, so that it is not read as markup.
    """
    words = " ".join(without_secrets(str(text), files=files).split())
    shown = "".join(char if char.isprintable() else _escaped(char) for char in words)
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
