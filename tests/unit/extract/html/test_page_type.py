"""What makes a text a legal one."""

import pytest

from alonchat_crawl.extract.html.page_type import is_legal

FILLER = "plain words about nothing in particular "  # six words


@pytest.mark.parametrize(
    ("said", "legal"),
    [
        ("licence Licensor LICENSING sublicensed", True),
        ("third-party third party parties Party", True),
        ("personal data, terms and conditions governed by", True),
        ("indemnification disclaimers infringing confidentially", True),
        ("shall_not unlicensed damage partying", False),
        ("personal database, terms, conditions, governed, by", False),
        (f"{'disclaim' + 'x' * 100_000} {'y' * 100_000}", False),
    ],
)
def test_legal_words(said: str, legal: bool) -> None:  # noqa: FBT001 - a row
    """Twelve words of a thousand must be of the law, in any of their forms; a part of a word is none."""
    assert is_legal(f"{said} " * 2 + FILLER * 30) is legal
    assert not is_legal(f"{said} " * 2 + FILLER * 10), "too short a text to tell"
