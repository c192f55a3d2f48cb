"""A text's sketch: 64 bits, of which near-duplicates share almost all."""

import re

from rensa.rensa import RMinHash

BITS = 64
SEED = 20_100_426  # any number, but another would make stored sketches worthless
SHINGLE_WORDS = 3
# Scripts that put no space between words: each of their characters counts as one.
UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Japanese, Chinese
)
WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")


def sketch(text: str) -> int:
    """Return a signed 64-bit integer: the lowest bits of 64 MinHashes over runs of three words.

    If two texts share the part J of their runs, about 32 × (1 - J) of their bits differ: none of equal texts,
    half of unrelated ones. Case, punctuation and white space do not count. Li and König 2010, "b-Bit Minwise
    Hashing".
    """
    words = WORD.findall(text.casefold()) or text.split()
    last = max(1, len(words) - SHINGLE_WORDS + 1)
    hashes = RMinHash(num_perm=BITS, seed=SEED)
    hashes.update([" ".join(words[place : place + SHINGLE_WORDS]) for place in range(last)])
    bits: int = sum((value & 1) << place for place, value in enumerate(hashes.digest()))
    return bits - (1 << BITS) if bits >> (BITS - 1) else bits
