"""Cut text by a model's own tokenizer into windows that together hold every token that a reader sees."""

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

PREFIX_SHARE = 4  # the prefix takes at most this part of a window
SHORTEST_SHARE = 2 / 3  # of a window: how far back a better place to cut is looked for
SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]]*$")


# A link's target is a third of the tokens of a page of documentation, and says nothing.
LINK = re.compile(r"\[([^\[\]]*)\]\((?:https?://|mailto:)[^()\s]*\)", re.IGNORECASE)


class TextWindows:
    """Windows of at most `tokens` tokens, special tokens and prefix included."""

    def __init__(self, tokenizer: "Tokenizer", tokens: int) -> None:
        # A copy, because the saved ones truncate and pad, and the model still needs its own.
        self._tokenizer = type(tokenizer).from_str(tokenizer.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokens = tokens - self._tokenizer.num_special_tokens_to_add(is_pair=False)

    def count(self, text: str) -> int:
        """Tokens of `text` without special ones."""
        return len(self._encoded(text).ids)

    def cut(self, prefix: str, content: str) -> list[str]:
        """Return windows in order; cut at paragraphs, lines, sentences or words, in this order of liking.

        Of a link only its text is kept.
        """
        content = LINK.sub(r"\1", content)
        head = self._shortened(prefix)
        room = self._tokens - self.count(head)
        parts = [part for window in self._parts(content, room) for part in self._fitting(window, room)]
        return [f"{head}\n{part}" if head else part for part in parts or [content.strip()]]

    def _encoded(self, text: str) -> "Encoding":
        return self._tokenizer.encode(text, add_special_tokens=False)

    def _shortened(self, prefix: str) -> str:
        prefix = " ".join(prefix.split())
        offsets = self._encoded(prefix).offsets
        limit = self._tokens // PREFIX_SHARE
        shortened = prefix if len(offsets) <= limit else prefix[: offsets[limit - 1][1]]
        return shortened.rstrip(" ›")

    def _parts(self, content: str, room: int) -> list[str]:
        offsets = self._encoded(content).offsets
        bounds, first = [0], 0
        while len(offsets) - first > room:
            first = _best_cut(content, offsets, first, room)
            bounds.append(offsets[first][0])
        bounds.append(len(content))
        parts = (content[start:end].strip() for start, end in pairwise(bounds))
        return [part for part in parts if part]

    def _fitting(self, part: str, room: int) -> list[str]:
        """Halve a part that has more tokens alone than it had in context: a word had to be cut in it."""
        if self.count(part) <= room or len(part) == 1:
            return [part]
        middle = len(part) // 2
        return [*self._fitting(part[:middle], room), *self._fitting(part[middle:], room)]


def _best_cut(content: str, offsets: list[tuple[int, int]], first: int, room: int) -> int:
    """The token that begins the next window: the last of the best places within the window's end."""
    last = first + room
    shortest = first + max(1, int(room * SHORTEST_SHARE))
    return max(range(last, shortest - 1, -1), key=lambda place: _liking(content, offsets, place))


def _liking(content: str, offsets: list[tuple[int, int]], place: int) -> int:
    before = offsets[place - 1][1]
    gap = content[before : offsets[place][0]]
    if "\n" in gap:
        return 4 if gap.count("\n") > 1 else 3
    if not gap:
        return 0
    return 2 if SENTENCE_END.search(content[max(0, before - 4) : before]) else 1
