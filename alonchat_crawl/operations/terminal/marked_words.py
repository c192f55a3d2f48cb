"""Marks a question's words in the text that answers it."""

import re

from rich.text import Text

WORD = re.compile(r"\w+")
WORD_MIN_CHARS = 3
"""Shorter words (`is`, `a`) are in every text."""
COMMON = frozenset(
    {"and", "are", "can", "did", "does", "for", "from", "has", "have", "how", "not", "should", "that", "the"}
    | {"this", "was", "what", "when", "where", "which", "who", "why", "will", "with", "you", "your"}
)
"""Words that are in most questions, and so tell nothing about one."""


def marked(text: str, question: str) -> Text:
    """Return text in which the question's words, and other forms of them, are bold on a terminal."""
    words = {word for word in WORD.findall(question.casefold()) if len(word) >= WORD_MIN_CHARS} - COMMON
    stems = set(map(_stem, words))
    shown = Text(text)
    for found in WORD.finditer(text):
        if len(found[0]) >= WORD_MIN_CHARS and _stem(found[0].casefold()) in stems:
            shown.stylize("bold", *found.span())
    return shown


def _stem(word: str) -> str:
    """An English word without its commonest endings."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= WORD_MIN_CHARS:
            return word.removesuffix(ending).rstrip("e")
    return word.rstrip("e") if len(word) > WORD_MIN_CHARS else word
