"""A set of texts that keeps only their 64-bit hashes: about 9 bytes each."""

from array import array
from collections.abc import Iterable

import numpy as np

KEY_BITS = 64
PER_SLOT = 4  # average number of keys in a slot of the directory; they are searched one by one


def key_of(text: str) -> int:
    """Return a text's key: its Python hash, which is SipHash with a key of this process (PEP 456).

    Keys must not leave the process. In a set of 500,000, one text in 10^13 is taken for another.
    """
    return hash(text)


class KeySet:
    """Sorted keys, and a directory of where the keys with the same first bits begin."""

    def __init__(self, keys: Iterable[int] = ()) -> None:
        given = keys if isinstance(keys, array) else array("q", keys)
        found = np.unique(np.frombuffer(given, np.int64)) if given else np.empty(0, np.int64)
        bits = max(1, (len(found) // PER_SLOT).bit_length())
        self._shift = KEY_BITS - bits
        self._middle = (1 << bits) >> 1  # keys are signed: half of the slots are for negative keys
        starts = [(slot - self._middle) << self._shift for slot in range(1 << bits)]
        edges = np.searchsorted(found, np.array(starts[1:], np.int64))
        self._keys = array("q", found.tobytes())
        self._starts = array("I", [0, *edges.tolist(), len(found)])

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: int) -> bool:
        slot = (key >> self._shift) + self._middle
        return key in self._keys[self._starts[slot] : self._starts[slot + 1]]
