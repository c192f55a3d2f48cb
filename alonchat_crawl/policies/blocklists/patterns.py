"""URL patterns by the domain that they hold for, packed into one text."""

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate

SPECIAL = re.compile(r"[*^|]")
COMPILED_MAX = 2048
SPECIAL_MAX = 200  # of one domain; each takes a millisecond to compile
SEPARATOR = r"(?:[^\w.%-]|\Z)"  # AdBlock's `^`: neither letter, digit nor one of _ - . %, or the end


@lru_cache(maxsize=COMPILED_MAX)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Translate an AdBlock pattern, its first star's left side anchored; it never backtracks over a star.

    Taking each piece where it comes first is enough for all but the last before an end (`|`).
    """
    ends = pattern.endswith("|")
    first, *pieces = (_piece(text) for text in pattern.removesuffix("|").split("*"))
    if not ends:
        return re.compile(first + "".join(f"(?>.*?{piece})" for piece in pieces), re.ASCII | re.DOTALL)
    *middle, last = pieces or [""]
    tail = f".*{last}" if pieces else ""
    return re.compile(
        first + "".join(f"(?>.*?{piece})" for piece in middle) + tail + r"\Z", re.ASCII | re.DOTALL
    )


def _piece(text: str) -> str:
    return SEPARATOR.join(map(re.escape, text.split("^")))


def fits(pattern: str, rest: str) -> bool:
    """Whether a URL's rest after its host, in lower case, begins with an AdBlock pattern."""
    if SPECIAL.search(pattern):
        return _compiled(pattern).match(rest) is not None
    return rest.startswith(pattern)


def _bounded(entries: list[tuple[int, str]]) -> tuple[list[tuple[int, str]], int]:
    """Keep SPECIAL_MAX of each domain's special patterns; return how many were left out."""
    counts: Counter[int] = Counter()
    kept = []
    for key, pattern in entries:
        counts[key] += SPECIAL.search(pattern) is not None
        if counts[key] <= SPECIAL_MAX or SPECIAL.search(pattern) is None:
            kept.append((key, pattern))
    return kept, len(entries) - len(kept)


class PatternTable:
    """Patterns in the order of their domains' keys; 12 bytes and its own text for each.

    `left_out` counts those beyond SPECIAL_MAX of a domain.
    """

    def __init__(self, entries: Iterable[tuple[int, str]] = ()) -> None:
        ordered, self.left_out = _bounded(sorted(set(entries)))
        encoded = [pattern.encode() for _, pattern in ordered]
        self._keys = array("q", [key for key, _ in ordered])
        self._offsets = array("I", accumulate(map(len, encoded), initial=0))
        self._text = b"".join(encoded)

    def __len__(self) -> int:
        return len(self._keys)

    def of(self, key: int) -> Iterator[str]:
        """Yield a domain's patterns."""
        for position in range(bisect_left(self._keys, key), len(self._keys)):
            if self._keys[position] != key:
                return
            yield self._text[self._offsets[position] : self._offsets[position + 1]].decode()

    def match(self, key: int, rest: str) -> bool:
        """Whether a pattern of the domain fits the rest of a URL."""
        return any(fits(pattern, rest) for pattern in self.of(key))
