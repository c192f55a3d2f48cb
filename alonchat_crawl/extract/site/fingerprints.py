"""Fingerprints of a page's text, small enough to count them: how often the same text has had a new URL."""

import re
from dataclasses import dataclass
from hashlib import blake2b

from selectolax.lexbor import LexborHTMLParser

UNSEEN = ["script", "style", "noscript", "template", "svg"]
DIGITS = re.compile(r"\d+")
DIGEST_BYTES = 8


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Two digests of a text; case and white space do not count."""

    text: bytes
    """Of its words."""
    pattern: bytes
    """Of its words without their digits: "page 57" is like "page 58"."""


def fingerprints(text: str) -> Fingerprints | None:
    """Return the fingerprints of a text; None if it has no words."""
    words = text.casefold().split()
    if not words:
        return None
    plain = " ".join(words)
    return Fingerprints(_digest(plain), _digest(" ".join(DIGITS.sub("", plain).split())))


def visible_text(tree: LexborHTMLParser) -> str:
    """Return a page's text, without the targets of its links. Removes from `tree` what readers do not see."""
    tree.strip_tags(UNSEEN)
    return tree.body.text(separator=" ") if tree.body is not None else ""


def _digest(text: str) -> bytes:
    return blake2b(text.encode(errors="replace"), digest_size=DIGEST_BYTES).digest()
