"""Sketches tell near-duplicates from other texts."""

import subprocess
import sys
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alonchat_crawl.extract.chunks.near_duplicates import sketch
from tests.benchmarks.documentation import WORDS


def words(seed: int, count: int = 650) -> list[str]:
    """Return words of about 4 KB."""
    return Random(seed).choices(WORDS, k=count)  # noqa: S311 - to be the same every time


def differing(one: str, other: str) -> int:
    """Bits in which two texts' sketches differ, as Postgres counts them: over 64 bits."""
    return ((sketch(one) ^ sketch(other)) & (2**64 - 1)).bit_count()


@given(st.text())
def test_fits_a_bigint(text: str) -> None:
    """Any text has one, which a bigint holds; case and white space do not change it."""
    assert -(2**63) <= sketch(text) < 2**63
    assert sketch(text) == sketch(f"  {text}\n")


@pytest.mark.parametrize("text", ["", "word", "two words", "...", "字", "😀"])
def test_short_texts(text: str) -> None:
    """A text of less than three words is equal to itself, and to no other."""
    assert differing(text, text.upper()) == 0
    assert differing(text, "something else entirely") > 16


@pytest.mark.parametrize("seed", range(20))
def test_small_edits(seed: int) -> None:
    """A few words changed, added or taken away leave at least 56 of 64 bits."""
    before = words(seed)
    after = [*before[:100], "changed", *before[101:300], "put", "in", *before[300:500], *before[503:]]
    assert differing(" ".join(before), " ".join(after)) <= 8


def test_unrelated_texts() -> None:
    """Texts of the same vocabulary, but other sentences, differ in about half of the bits."""
    counts = [differing(" ".join(words(n)), " ".join(words(n + 1000))) for n in range(50)]
    assert min(counts) > 16
    assert 28 < sum(counts) / len(counts) < 36


def test_scripts_without_spaces() -> None:
    """A character changed in a Chinese text changes little of it."""
    signs = [chr(place) for place in range(0x4E00, 0x5200)]
    text = "".join(Random(1).choices(signs, k=1200))  # noqa: S311 - to be the same every time
    assert differing(text, f"{text[:600]}字{text[601:]}") <= 8
    assert differing(text, text[::-1]) > 16


def test_never_changes() -> None:
    """Stored sketches stay comparable: the same in another process, and as when this was written."""
    text = "The quick brown fox jumps over the lazy dog."
    program = f"from alonchat_crawl.extract.chunks.near_duplicates import sketch; print(sketch({text!r}))"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert int(said) == sketch(text) == 2987622340176592583
