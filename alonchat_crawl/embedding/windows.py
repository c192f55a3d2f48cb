"""Cuts text, by a model's tokenizer, into windows that together hold every token that a reader sees."""

import re
from collections.abc import Sequence
from html import unescape
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PREFIX_SHARE = 4  # the prefix takes at most 1/PREFIX_SHARE of a window
SHORTEST_SHARE = 2 / 3  # a window is cut at the best place behind this share of its length
PARAGRAPH = 4  # the best place to cut
SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]]*$")
WORD = re.compile(r"\w+")
# Escapes in our Markdown, of which a reader sees only the character.
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])|&(?:lt|amp|quot|#96|#92|#171);")
# Of links, only the text is kept: targets are a third of the tokens of documentation, and mean nothing.
LINK = re.compile(r"\[([^\[\]]*)\]\((?:https?://|mailto:)[^()\s]*\)", re.IGNORECASE)


class Cut(NamedTuple):
    """The windows of a chunk."""

    tokens: int
    """Tokens of its content, with links' targets, without special tokens."""
    windows: list[str]
    """At least one. Each begins with the prefix."""


def prefix_of(title: str, heading_path: Sequence[str]) -> str:
    """Return a window's first line: title and headings, without parts that only repeat the part before.

    In `Setup | Acme`, `Setup`, `Linux`, the second part only repeats the first.
    """
    kept: list[str] = []
    for part in (title, *heading_path):
        words = _words(part)
        if words.strip() and not (kept and words in _words(kept[-1])):
            kept.append(part)
    return " › ".join(kept)


def _words(text: str) -> str:
    return f" {' '.join(WORD.findall(text.casefold()))} "


class TextWindows:
    """Windows of at most `tokens` tokens, special tokens and prefix included.

    This is exact if the tokenizer splits at white space, as BERT's does; other tokenizers may exceed it by
    one.
    """

    def __init__(self, tokenizer: "Tokenizer", tokens: int) -> None:
        # A copy, since the model's tokenizer truncates and pads.
        self._tokenizer = type(tokenizer).from_str(tokenizer.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokens = tokens - self._tokenizer.num_special_tokens_to_add(is_pair=False)

    def count(self, text: str) -> int:
        """Return the number of tokens, without special tokens."""
        return len(self._tokenizer.encode_batch_fast([text], add_special_tokens=False)[0])

    def cut(self, prefix: str, content: str) -> Cut:
        """Cut at paragraphs, else at lines, sentences or words.

        Of links only the text is kept, of escapes only the character.
        """
        text = ESCAPED.sub(_unescaped, LINK.sub(r"\1", content))
        offsets = self._offsets(text)
        tokens = len(offsets) if text == content else self.count(content)
        head, head_tokens = self._shortened(prefix)
        room = self._tokens - head_tokens
        parts = self._parts(text, offsets, room) or [text.strip()]
        return Cut(tokens, [f"{head}\n{part}" if head else part for part in parts])

    def _offsets(self, text: str) -> list[tuple[int, int]]:
        return self._tokenizer.encode(text, add_special_tokens=False).offsets

    def _shortened(self, prefix: str) -> tuple[str, int]:
        """Return the part of the prefix that fits into its share of a window, and its number of tokens."""
        prefix = " ".join(prefix.split())
        offsets = self._offsets(prefix)
        limit = self._tokens // PREFIX_SHARE
        if len(offsets) > limit:
            prefix = prefix[: offsets[limit - 1][1]]
        head = prefix.rstrip(" ›")
        return head, self.count(head) if head else 0

    def _parts(self, text: str, offsets: list[tuple[int, int]], room: int) -> list[str]:
        bounds, first = [0], 0
        while len(offsets) - first > room:
            first = _best_cut(text, offsets, first, room)
            bounds.append(offsets[first][0])
        bounds.append(len(text))
        parts: list[str] = []
        for start, end in pairwise(bounds):
            part = text[start:end].strip()
            if _inside_word(text, start) or _inside_word(text, end):
                parts += self._fitting(part, room)
            elif part:
                parts.append(part)
        return parts

    def _fitting(self, part: str, room: int) -> list[str]:
        """Halve a part that was cut inside a word until it fits: it may have gained tokens by the cut."""
        if len(part) <= 1 or self.count(part) <= room:
            return [part] if part else []
        middle = len(part) // 2
        return [*self._fitting(part[:middle], room), *self._fitting(part[middle:], room)]


def _unescaped(match: re.Match[str]) -> str:
    return match[1] or unescape(match[0])


def _inside_word(text: str, place: int) -> bool:
    return 0 < place < len(text) and not (text[place - 1].isspace() or text[place].isspace())


def _best_cut(text: str, offsets: list[tuple[int, int]], first: int, room: int) -> int:
    """Return the index of the token that begins the next window, at the last of the best places to cut."""
    last = first + room
    shortest = first + max(1, int(room * SHORTEST_SHARE))
    best, most = last, -1
    for place in range(last, shortest - 1, -1):
        goodness = _goodness(text, offsets[place - 1][1], offsets[place][0])
        if goodness > most:
            best, most = place, goodness
            if goodness == PARAGRAPH:
                break
    return best


def _goodness(text: str, before: int, after: int) -> int:
    """Rate the place between two tokens for a cut; higher is better."""
    if before == after:
        return 0
    gap = text[before:after]
    if "\n" in gap:
        return PARAGRAPH if gap.count("\n") > 1 else 3
    return 2 if SENTENCE_END.search(text[max(0, before - 4) : before]) else 1
