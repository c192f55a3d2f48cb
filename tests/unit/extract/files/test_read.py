"""Files of every type are read as people see them."""

import pytest

from alonchat_crawl.extract.files.read import read_file
from alonchat_crawl.extract.files.sniff import file_type
from tests.support.files.expected import READ
from tests.support.files.good import GOOD

PLENTY = 1_000_000


@pytest.mark.parametrize("kind", READ)
def test_a_good_file_is_read(kind: str) -> None:
    """Headings, lists, tables and links come out, markup in the text stays text, nothing hidden comes out."""
    name, make = GOOD[kind]
    found = read_file(make(), name, PLENTY)
    assert (found.media_type, found.title, found.text, found.truncated) == (*READ[kind], False)
    assert "SECRET" not in found.text


@pytest.mark.parametrize("kind", GOOD)
def test_the_type_is_told_by_content(kind: str) -> None:
    """A file is what it is under a false name, too, as far as its bytes tell."""
    name, make = GOOD[kind]
    assert file_type(make(), name) == kind
    if kind not in {"csv", "markdown", "code"}:
        assert file_type(make(), "x.pdf") == kind
        assert file_type(make()) == kind
