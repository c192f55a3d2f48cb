"""Chunks hold all of a page, fit their size, and say where they stand."""

import re
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alonchat_crawl.extract.chunks.chunking import chunk
from alonchat_crawl.extract.markdown.writer import write
from alonchat_crawl.items import Chunk

CAPACITY = 400
MINIMUM = 60
# Besides its text a chunk may hold a fence's first line or a table's head before, a fence's last line after.
REPEATED = re.compile(r"(?:[>]*(?:`{3,}|~{3,})\w*>*|[>]*\|[^\n]*\|-*\|-*\|?)?")
CLOSED = re.compile(r">*(?:`{3,}|~{3,})|")


def size(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text.encode())


def dense(text: str) -> str:
    """Leave out white space."""
    return "".join(text.split())


def letters(text: str) -> Counter[str]:
    """Count the characters that are not white space."""
    return Counter("".join(text.split()))


def paragraphs(count: int) -> str:
    """Return numbered paragraphs of about 90 bytes."""
    return "\n\n".join(
        f"Paragraph {n} has some words in it that fill about ninety bytes of it, no more."
        for n in range(count)
    )


def test_small_page_is_one_chunk() -> None:
    """A page that fits stays whole, and stands under no heading but its title."""
    (only,) = chunk("# Title\n\nSome text.", "Title – Site", CAPACITY, MINIMUM)
    assert (only.position, only.content, only.heading_path) == (0, "# Title\n\nSome text.", ())


def test_heading_paths() -> None:
    """A chunk names the headings that all of its text stands under."""
    headings = ("# Guide", "## `Install` [it](http://x)", "### On Linux", "B\n---")
    markdown = "\n\n".join(f"{heading}\n\n{paragraphs(5)}" for heading in headings)
    paths = [piece.heading_path for piece in chunk(markdown, "", CAPACITY, MINIMUM)]
    assert list(dict.fromkeys(paths)) == [
        ("Guide",),
        ("Guide", "Install it"),
        ("Guide", "Install it", "On Linux"),
        ("Guide", "B"),
    ]
    assert chunk(markdown, "Guide", CAPACITY, MINIMUM)[-1].heading_path == ("B",)


def test_headings_in_code_are_none() -> None:
    """A comment in a fence is no heading."""
    markdown = f"# A\n\n```\n# comment\n```\n\n{paragraphs(8)}"
    assert {piece.heading_path for piece in chunk(markdown, "", CAPACITY, MINIMUM)} == {("A",)}


def test_no_heading_is_stranded() -> None:
    """No chunk but the last ends with a heading, whatever the sizes."""
    for words in range(1, 80):
        section = "word " * words
        markdown = "\n\n".join(f"## Heading {n}\n\n### Below {n}\n\n{section}" for n in range(8))
        chunks = chunk(markdown, "", CAPACITY, MINIMUM)
        assert not any(piece.content.splitlines()[-1].startswith("#") for piece in chunks)
        assert max(size(piece.content) for piece in chunks) <= CAPACITY
        assert letters("".join(piece.content for piece in chunks)) == letters(markdown)


@pytest.mark.parametrize("opening", ["```python", "````", "~~~"])
def test_large_fence_is_reopened(opening: str) -> None:
    """Every part of a fence larger than a chunk is a fence of the same language."""
    code = "\n".join(f"call_number({n})" for n in range(100))
    markdown = write(f"# T\n\n{opening}\n{code}\n{opening.rstrip('python')}").markdown
    chunks = chunk(markdown, "", CAPACITY, MINIMUM)
    assert len(chunks) > 3
    for piece in chunks:
        assert size(piece.content) <= CAPACITY
        assert piece.content.count("```") == 2
        assert piece.content.count(opening) == (2 if opening == "```" else opening == "```python")
        assert piece.content.endswith("\n```")
    for number in range(100):
        assert any(f"call_number({number})" in piece.content for piece in chunks)


def test_large_table_repeats_its_head() -> None:
    """Every part of a table larger than a chunk has its head."""
    rows = "\n".join(f"| name{n} | value{n} |" for n in range(60))
    chunks = chunk(f"| Name | Value |\n| --- | --- |\n{rows}\n\nThe end.", "", CAPACITY, MINIMUM)
    assert len(chunks) > 2
    for piece in chunks:
        assert piece.content.startswith("| Name | Value |\n| --- | --- |\n")
        assert size(piece.content) <= CAPACITY
    assert all(any(f"| value{n} |" in piece.content for piece in chunks) for n in range(60))


def test_tiny_siblings_are_merged() -> None:
    """A tiny section joins its neighbour where both fit."""
    markdown = "# A\n\n" + "a" * 300 + "\n\n# B\n\ntiny\n\n# C\n\n" + "c" * 150
    assert all(size(piece.content) >= MINIMUM for piece in chunk(markdown, "", CAPACITY, MINIMUM))


def test_one_endless_word() -> None:
    """Text without any place to cut is cut anyway, between characters."""
    chunks = chunk("ü" * 1000, "", CAPACITY, MINIMUM)
    assert "".join(piece.content for piece in chunks) == "ü" * 1000
    assert max(size(piece.content) for piece in chunks) <= CAPACITY


def test_endless_code_line() -> None:
    """So is a line of code."""
    chunks = chunk(f"```\n{'x' * 2000}\n```", "", CAPACITY, MINIMUM)
    assert sum(piece.content.count("x") for piece in chunks) == 2000
    assert all(size(piece.content) <= CAPACITY for piece in chunks)


BLOCK = st.one_of(
    st.sampled_from(
        ["# One", "## Two", "### Three", "Setext\n======", "---", "> quote\n> more", "[x]: http://y"]
    ),
    st.integers(1, 40).map(lambda n: "word, " * n + "end."),
    st.integers(1, 60).map(lambda n: "```py\n" + "code()\n" * n + "```"),
    st.integers(1, 40).map(lambda n: "| a | b |\n| --- | --- |\n" + "| 1 | 2 |\n" * n),
    st.integers(1, 40).map(lambda n: "- item\n  * below\n" * n),
    st.integers(1, 12).map(lambda n: "- ```\n" + "  x = 1\n\n" * n + "  ```"),
    st.text(max_size=60),
)


def check(markdown: str, chunks: tuple[Chunk, ...], capacity: int) -> None:
    """Assert what holds of the chunks of any page."""
    assert [piece.position for piece in chunks] == list(range(len(chunks)))
    assert all(piece.content.strip() for piece in chunks)
    assert all(size(piece.content) <= capacity for piece in chunks)
    bounds = [0, *(place for piece in chunks for place in (piece.start, piece.end)), len(markdown)]
    assert bounds == sorted(bounds)
    assert not any(markdown[end:start].strip() for end, start in zip(bounds[::2], bounds[1::2], strict=True))
    for piece in chunks:
        before, text, after = dense(piece.content).partition(dense(markdown[piece.start : piece.end]))
        assert text
        assert REPEATED.fullmatch(before)
        assert CLOSED.fullmatch(after)


@given(st.lists(BLOCK, min_size=1, max_size=12).map("\n\n".join))
def test_spans_hold_the_page(markdown: str) -> None:
    """Chunks are in order, do not overlap, leave out white space alone and add repeated lines alone."""
    markdown = write(markdown).markdown  # as every page is; what is not would be made so
    check(markdown, chunk(markdown, "", CAPACITY, MINIMUM), CAPACITY)


MARKS = st.text(alphabet="#->`~|*_[]()<!:=+1. \n\t\\aé字😀\u0301", max_size=400)


@given(MARKS, st.sampled_from([64, 150]))
def test_any_marks(markdown: str, capacity: int) -> None:
    """Whatever is opened, nested and not closed: no text is lost, and none is told at a wrong place."""
    markdown = write(markdown).markdown
    chunks = chunk(markdown, "", capacity, 20)
    # Half a code span has its brackets escaped.
    assert all(size(piece.content) <= capacity or "`" in piece.content for piece in chunks)
    bounds = [0, *(place for piece in chunks for place in (piece.start, piece.end)), len(markdown)]
    assert bounds == sorted(bounds)
    assert not any(markdown[end:start].strip() for end, start in zip(bounds[::2], bounds[1::2], strict=True))
    assert all(
        dense(write(markdown[piece.start : piece.end]).markdown) in dense(piece.content) for piece in chunks
    )


@given(st.lists(BLOCK, min_size=1, max_size=12).map("\n\n".join))
def test_only_the_last_ends_with_a_heading(markdown: str) -> None:
    """A heading is never the last line of a chunk but where the page ends with it."""
    heads = {"# One", "## Two", "### Three", "======"}
    chunks = chunk(markdown, "", CAPACITY, MINIMUM)
    for piece, following in pairwise(chunks):
        assert piece.content.splitlines()[-1] not in heads or not markdown[following.start :].strip()
