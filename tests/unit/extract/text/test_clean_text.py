"""What no reader sees does not survive, and is counted."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alonchat_crawl.extract.text.clean_text import clean_text


@pytest.mark.parametrize(
    ("text", "expected", "kinds"),
    [
        ("plain\ttext\n", "plain\ttext\n", {}),
        ("a\0b\x07c\x9fd", "abcd", {"control": 3}),
        ("a\r\nb\rc\u2028d\u0085e", "a\nb\nc\nd\ne", {}),
        ("ab\u202ecd\u2066e", "abcde", {"bidi": 2}),
        ("a\u200bb\u00adc\ufeffd\u2060e", "abcde", {"zero_width": 4}),
        ("a\u200db\u200cc", "abc", {"zero_width": 2}),
        ("می\u200cخواهم", "می\u200cخواهم", {}),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧", {}),
        ("❤\ufe0f\u200d🔥", "❤\ufe0f\u200d🔥", {}),
        ("क्\u200dष", "क्\u200dष", {}),
        ("x\ufe0f\ufe00\ufe01\U000e0101", "x\ufe0f", {"variation": 3}),
        ("a\U000e0041\U000e0042", "a", {"tag": 2}),
        ("a\ud800b\udfffc", "abc", {"surrogate": 2}),
        ("a\ufdd0\uffffb", "ab", {"noncharacter": 2}),
        ("e\u0301", "é", {}),
        ("", "", {}),
    ],
)
def test_clean_text(text: str, expected: str, kinds: dict[str, int]) -> None:
    """Each kind goes and is counted; joiners stay where a script or an emoji needs them."""
    cleaned, removed = clean_text(text)
    assert (cleaned, dict(removed)) == (expected, kinds)


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text(text: str) -> None:
    """Whatever comes in, Postgres takes what goes out, and it is NFC."""
    cleaned, _ = clean_text(text)
    assert "\0" not in cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    cleaned.encode()
