"""Reading seeds."""

import json
from uuid import UUID, uuid5

import pytest
from scrapy.settings import Settings

from alonchat_crawl.control.website_seed import Seed, SeedError, named_project
from alonchat_crawl.identity import as_uuid

SETTINGS = Settings({"DEFAULT_PROJECT": "default", "MAX_PAGES": 100, "MAX_DEPTH": 7})


def test_a_plain_url_is_a_seed_of_the_default_project() -> None:
    """A message may be a URL alone; limits come from settings, ids are the same every time."""
    first, again = (Seed.parse(b" https://Example.com:443/a#top \n").source(SETTINGS) for _ in range(2))
    assert first.url == "https://example.com/a"
    assert (first.project_name, first.max_pages, first.max_depth) == ("default", 100, 7)
    assert (first.source_id, first.project_id) == (again.source_id, again.project_id)
    assert first.crawl_id != again.crawl_id


@pytest.mark.parametrize(
    ("values", "derived"),
    [
        ({}, True),
        ({"source_id": "docs"}, True),
        ({"source_id": str(uuid5(as_uuid("a"), "https://e.org/"))}, True),
        ({"source_id": "11111111-2222-4333-8444-555555555555"}, False),
        ({"source_id": str(uuid5(as_uuid("b"), "https://e.org/"))}, False),
        ({"source_id": "{" + str(uuid5(as_uuid("b"), "https://e.org/")) + "}"}, False),
    ],
)
def test_whose_an_id_is(values: dict[str, str], derived: bool) -> None:  # noqa: FBT001 - a table's column
    """Only an id that follows from the seed's own project and names is proven to be that project's."""
    seed = Seed.of({"url": "https://e.org", "project": "a", **values})
    assert seed.derives(seed.source(SETTINGS)) is derived


@pytest.mark.parametrize(
    ("message", "project"),
    [
        ("https://e.org", None),
        ('{"url": "x"}', None),
        (' {"project_id": " a "}', "a"),
        ('{"project_id": "a", "project": "b"}', "b"),
        ('{"project_id": "a", "project_id": "b"}', "b"),
        ('{"project_id": null, "project": null}', None),
    ],
)
def test_the_lane_is_the_projects(message: str, project: str | None) -> None:
    """A message is filed under the project that it is acted on for, so that none takes another's turns."""
    assert named_project(message.encode(), "project", "project_id") == project
    if message.startswith("{"):
        assert Seed.of(json.loads(message) | {"url": "https://e.org"}).project_id == project


def test_json_seeds() -> None:
    """Every field is taken; UUIDs stay themselves; unknown keys change nothing."""
    project, wanted = "6f3c0f5e-8a2e-4b0e-9b0e-0d5f6f1b7a11", "11111111-2222-4333-8444-555555555555"
    source = Seed.parse(
        f'{{"url": "https://e.org", "project_id": "{project}", "source_id": "{wanted}", "max_pages": 5,'
        '"max_depth": 0, "include": ["https://b.org/*"], "exclude": ["*.pdf"], "path_prefix": "/docs/",'
        '"meta": {"proxy": "http://evil"}, "formdata": {"a": 1}}'.encode()
    ).source(SETTINGS)
    assert (source.project_id, source.source_id) == (UUID(project), UUID(wanted))
    assert (source.max_pages, source.max_depth, source.path_prefix) == (5, 0, "/docs/")
    assert (source.include, source.exclude) == (("https://b.org/*",), ("*.pdf",))


@pytest.mark.parametrize("rest", ["?mail=a@b.org", "#a@b", "/@alice"])
def test_an_at_sign_behind_the_host_is_no_password(rest: str) -> None:
    """Where the path is left out as well."""
    assert Seed.parse(f"https://e.org{rest}".encode()).url.startswith("https://e.org/")


def test_an_at_sign_in_a_path_is_no_password() -> None:
    """Profile and package URLs have one."""
    assert Seed.parse(b"https://medium.com/@alice/post?to=a@b").url.startswith(
        "https://medium.com/@alice/post"
    )


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"example.com", "has no scheme: write https://example.com"),
        (b"", "has no scheme"),
        (b"ftp://example.com/", "not a http or https URL"),
        (b"file:///etc/passwd", "not a http or https URL"),
        (b"javascript://x", "not a http or https URL"),
        (b"https://", "not a http or https URL"),
        (b"http://[::1", "not a http or https URL"),
        (b"https://user:hunter2@example.com/", "user name or password"),
        (b"user:hunter2@example.com/", "user name or password"),
        (b"https:/user:hunter2@example.com/", "has no scheme"),
        (b"https://user:hunter2@/", "user name or password"),
        (b"ftp://user:hunter2@example.com/", "user name or password"),
        (b"gopher://example.com/x@hunter2", "not a http or https URL"),
        (b"{", "not valid JSON"),
        (b"{}", "url: Field required"),
        (b'{"url": 5}', "url:"),
        (b'{"url": "https://e.org", "max_pages": 0}', "max_pages:"),
        (b'{"url": "https://e.org", "max_pages": "many"}', "max_pages:"),
        (b'{"url": "https://e.org", "max_depth": -1}', "max_depth:"),
        (b'{"url": "https://e.org", "path_prefix": "docs"}', "path_prefix:"),
        (b'{"url": "https://e.org", "project_id": ""}', "project_id:"),
        (b'{"url": "https://e.org", "include": 5}', "include:"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"url": ' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_bad_seeds(raw: bytes, said: str) -> None:
    """Each bad seed is refused with a sentence that names what is wrong, and no password."""
    with pytest.raises(SeedError) as caught:
        Seed.parse(raw)
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)
