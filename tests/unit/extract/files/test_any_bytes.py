"""Whatever bytes come, under whatever name, they end as text or with a reason."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from alonchat_crawl.extract.files.archives.archive import list_files, read_member
from alonchat_crawl.extract.files.read import read_file
from alonchat_crawl.parser_errors import GiveUp
from tests.support.files.endings import ARCHIVES, FILES
from tests.support.files.good import GOOD

Result = TypeVar("Result")
GOOD_FILES = [(name, make()) for name, make in GOOD.values()]
NAMES = st.text(max_size=20) | st.sampled_from([name for name, _ in GOOD_FILES])
BEGINNINGS = st.sampled_from(sorted({body[:8] for _, body in GOOD_FILES}))


@st.composite
def spliced(draw: Any) -> bytes:
    """A good file with some of another, or of nothing, in the middle."""
    (_, one), (_, other) = draw(st.sampled_from(GOOD_FILES)), draw(st.sampled_from(GOOD_FILES))
    start, end = sorted((draw(st.integers(0, len(one))), draw(st.integers(0, len(one)))))
    first = draw(st.integers(0, len(other)))
    piece = draw(st.binary(max_size=64)) or other[first : first + draw(st.integers(0, 256))]
    return bytes(one[:start] + piece + one[end:])


BODIES = st.binary(max_size=600) | st.builds(bytes.__add__, BEGINNINGS, st.binary(max_size=600)) | spliced()


def ending(call: Callable[[], Result], reasons: set[str]) -> Result | None:
    """What a call returns; None where it gives up for one of the reasons, with a sentence."""
    try:
        return call()
    except GiveUp as given_up:
        told = given_up
    assert told.reason in reasons
    assert told.detail
    return None


@settings(max_examples=150, deadline=None, derandomize=True)
@given(BODIES, NAMES, st.integers(0, 5000))
def test_any_file_ends_as_text_or_with_a_reason(body: bytes, name: str, most: int) -> None:
    """No other exception, no text longer than asked for, none without a letter or digit."""
    found = ending(lambda: read_file(body, name, most), FILES)
    if found is not None:
        assert len(found.text) <= most
        assert any(map(str.isalnum, found.text))
        assert found.title == " ".join(found.title.split())


@settings(max_examples=100, deadline=None, derandomize=True)
@given(BODIES)
def test_any_archive_is_listed_or_ends_with_a_reason(body: bytes) -> None:
    """What is listed is read, or refused for a reason; its name leads nowhere else."""
    for each in ending(lambda: list_files(body), ARCHIVES) or ():
        assert not each.name.startswith("/")
        assert ".." not in each.name.split("/")
        found = ending(partial(read_member, body, each.name, 10_000), ARCHIVES)
        assert found is None or len(found) == each.size
