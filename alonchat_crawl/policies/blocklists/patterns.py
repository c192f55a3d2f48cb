"""URL patterns, packed into one text: by domain, how the URLs begin that they hold for."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate


class PatternTable:
    """Patterns in the order of their domains' keys: 12 bytes each, and their text."""

    def __init__(self, entries: Iterable[tuple[int, str]] = ()) -> None:
        ordered = sorted(set(entries))
        encoded = [pattern.encode() for _, pattern in ordered]
        self._keys = array("q", [key for key, _ in ordered])
        self._offsets = array("I", accumulate(map(len, encoded), initial=0))
        self._text = b"".join(encoded)

    def __len__(self) -> int:
        return len(self._keys)

    def _of(self, key: int) -> Iterator[bytes]:
        """Yield a domain's patterns."""
        for position in range(bisect_left(self._keys, key), len(self._keys)):
            if self._keys[position] != key:
                return
            yield self._text[self._offsets[position] : self._offsets[position + 1]]

    def match(self, key: int, rest: str) -> bool:
        """Whether what follows the host in a URL (in lower case) begins with one of the domain's patterns."""
        return rest.encode(errors="replace").startswith(tuple(self._of(key)))
