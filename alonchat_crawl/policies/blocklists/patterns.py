"""URL patterns: for each domain, the beginnings of the URLs that are blocked. Packed into one text."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate


class PatternTable:
    """Patterns, sorted by their domains' keys: 12 bytes each plus their text."""

    def __init__(self, entries: Iterable[tuple[int, str]] = ()) -> None:
        ordered = sorted(set(entries))
        encoded = [pattern.encode() for _, pattern in ordered]
        self._keys = array("q", [key for key, _ in ordered])
        self._offsets = array("I", accumulate(map(len, encoded), initial=0))
        self._text = b"".join(encoded)

    def __len__(self) -> int:
        return len(self._keys)

    def _of(self, key: int) -> Iterator[bytes]:
        for position in range(bisect_left(self._keys, key), len(self._keys)):
            if self._keys[position] != key:
                return
            yield self._text[self._offsets[position] : self._offsets[position + 1]]

    def match(self, key: int, rest: str) -> bool:
        """Whether `rest`, the part of a URL after the host in lower case, begins with one of the patterns."""
        return rest.encode(errors="replace").startswith(tuple(self._of(key)))
