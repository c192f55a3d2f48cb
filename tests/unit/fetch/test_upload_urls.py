"""URLs of uploads: their names for storage and for people, and the files in archives."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alonchat_crawl.fetch.files.upload_urls import (
    file_name,
    is_at_no_site,
    member_url,
    split_member,
    stored_url,
)
from tests.support.knowledge import make_source

ARCHIVE = "https://files.example/all.zip?token=hunter2"


@given(st.text(min_size=1, alphabet=st.characters(exclude_categories=[])))
def test_a_member_comes_back_as_it_was_named(name: str) -> None:
    """Any name survives its URL, which is ASCII and has no second mark in it."""
    url = member_url(ARCHIVE, name)
    assert split_member(url) == (ARCHIVE, name)
    assert url.isascii()
    assert url.count("#") == 1


@pytest.mark.parametrize(
    ("url", "stored", "name"),
    [
        (ARCHIVE, "https://files.example/all.zip", "all.zip"),
        (member_url(ARCHIVE, "a/b c.md"), "https://files.example/all.zip#!/a/b%20c.md", "b c.md"),
        ("s3://uploads/p/a%3Fb%23.pdf", "s3://uploads/p/a%3Fb%23.pdf", "a?b#.pdf"),
        ("file:///home/me/a%20b.pdf", "file:///home/me/a%20b.pdf", "a b.pdf"),
        ("https://files.example/", "https://files.example/", ""),
        ("http://files.example?token=hunter2", "http://files.example", ""),
    ],
)
def test_what_a_file_is_known_by(url: str, stored: str, name: str) -> None:
    """A signed URL's query is neither its name nor its place in storage."""
    assert (stored_url(url), file_name(url)) == (stored, name)


@pytest.mark.parametrize(
    ("kind", "url", "own"),
    [
        ("upload", "upload://id/", True),
        ("upload", "s3://uploads/a", True),
        ("upload", "file:///a", True),
        ("upload", f"{ARCHIVE}#!/a", True),
        ("upload", ARCHIVE, False),
        ("website", "https://e.org/#!/a", False),
        ("website", "s3://uploads/a", False),
    ],
)
def test_what_asks_no_site(kind: str, url: str, own: bool) -> None:  # noqa: FBT001
    """Only an upload's own URLs wait for nobody; a signed URL keeps its site's pace."""
    assert is_at_no_site(replace(make_source(), kind=kind), url) is own
