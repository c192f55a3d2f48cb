"""Which URLs belong to a source."""

from uuid import uuid4

import pytest

from alonchat_crawl.policies.scope import in_scope
from alonchat_crawl.sources import Source

HOST = "docs.example.com"


def source(**changes: object) -> Source:
    """A source on HOST."""
    fields: dict[str, object] = {
        "source_id": uuid4(),
        "project_id": uuid4(),
        "crawl_id": uuid4(),
        "url": f"https://{HOST}/",
        "project_name": "p",
        "max_pages": 10,
        "max_depth": 10,
    }
    return Source(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "url", "expected"),
    [
        ({}, f"https://{HOST}/a", True),
        ({}, f"http://{HOST}/a", True),
        ({}, f"https://{HOST}:8443/a", False),
        ({}, "https://example.com/a", False),
        ({}, f"https://{HOST}.evil.com/a", False),
        ({}, f"https://evil-{HOST}/a", False),
        ({}, f"https://evil.com/{HOST}/", False),
        ({}, f"https://evil.com/?https://{HOST}/", False),
        ({"path_prefix": "/git/"}, f"https://{HOST}/git/a", True),
        ({"path_prefix": "/git/"}, f"https://{HOST}/gitea", False),
        ({"path_prefix": "/git/"}, f"https://{HOST}/?/git/", False),
        ({"exclude": ("*/private/*",)}, f"https://{HOST}/private/a", False),
        ({"exclude": ("*/private/*",)}, f"https://{HOST}/public/a", True),
        ({"include": ("https://blog.example.com/*",)}, "https://blog.example.com/a", True),
        ({"include": ("https://blog.example.com/*",)}, "https://blog.example.com.evil.com/a", False),
        ({"include": ("https://blog.example.com/*",)}, f"https://{HOST}/a", True),
        ({"include": ("*",), "exclude": ("*.pdf",)}, "https://any.org/a.pdf", False),
        ({"include": (".*",)}, "https://any.org/a", False),
        ({"exclude": ("[",)}, f"https://{HOST}/a", True),
    ],
)
def test_scope(changes: dict[str, object], url: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """A source keeps to its host and path; include widens it, exclude wins, look-alikes stay out."""
    assert in_scope(source(**changes), HOST, url) is expected


def test_a_hostile_glob_ends() -> None:
    """A glob of many stars is matched in linear time, not in the age of the universe."""
    hostile = source(exclude=("*a" * 200 + "!",))
    assert in_scope(hostile, HOST, f"https://{HOST}/" + "a" * 1900)
