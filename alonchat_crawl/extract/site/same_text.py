"""What tells a page's text from others', small enough to be counted: the same text under ever new URLs."""

import re
from dataclasses import dataclass
from hashlib import blake2b

from selectolax.lexbor import LexborHTMLParser

UNSEEN = ["script", "style", "noscript", "template", "svg"]
DIGITS = re.compile(r"\d+")
DIGEST_BYTES = 8


@dataclass(frozen=True, slots=True)
class Sameness:
    """Two fingerprints of a text; case and white space do not count."""

    text: bytes
    """Of its words."""
    pattern: bytes
    """Of its words without their digits: page 57 of nothing is like page 58."""


def sameness(text: str) -> Sameness | None:
    """The fingerprints of a text; None where there is none."""
    words = text.casefold().split()
    if not words:
        return None
    plain = " ".join(words)
    return Sameness(_digest(plain), _digest(" ".join(DIGITS.sub("", plain).split())))


def visible_text(tree: LexborHTMLParser) -> str:
    """The text of a page, its links' included but not where they lead. Takes what is not seen from `tree`."""
    tree.strip_tags(UNSEEN)
    return tree.body.text(separator=" ") if tree.body is not None else ""


def _digest(text: str) -> bytes:
    return blake2b(text.encode(errors="replace"), digest_size=DIGEST_BYTES).digest()
