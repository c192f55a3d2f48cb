"""Seeds of uploads: what is taken, under which name, and what is refused."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.settings import Settings

from alonchat_crawl.control.upload_seed import UploadSeed
from alonchat_crawl.control.website_seed import SeedError
from alonchat_crawl.errors import GiveUp
from alonchat_crawl.fetch.files.upload_urls import FILES_MAX
from alonchat_crawl.fetch.request_context import META_KEY
from alonchat_crawl.identity import as_uuid

OWN = as_uuid("shop")
VALUES: dict[str, Any] = {
    "DEFAULT_PROJECT": "shop",
    "MAX_PAGES": 100,
    "ENABLE_BULK_UPLOAD": True,
    "S3_ENDPOINT_URL": "https://storage.example",
    "S3_REGION": "auto",
    "S3_ACCESS_KEY_ID": "id",
    "S3_SECRET_ACCESS_KEY": "secret",
    "S3_BUCKETS": ("uploads",),
    "S3_PREFIX": "{project_id}/",
    "SUPABASE_URL": None,
}
MINE = f"s3://uploads/{OWN}/a.pdf"
SIGNED = "https://files.example/a.pdf?X-Amz-Signature=hunter2&b=%2F&a=1"


def parsed(**seed: object) -> UploadSeed:
    """The seed of a message."""
    return UploadSeed.parse(json.dumps(seed).encode())


@pytest.mark.parametrize(
    ("url", "fetched"),
    [
        (MINE, MINE),
        (f"s3://uploads/{OWN}/ü b#!/x?.pdf", f"s3://uploads/{OWN}/%C3%BC%20b%23%21/x%3F.pdf"),
        (f"s3://uploads/{OWN}/100%.pdf", f"s3://uploads/{OWN}/100%25.pdf"),
        (SIGNED, SIGNED),
        ("https://Files.example:443/a%7E.pdf#page=2", "https://files.example/a~.pdf"),
        ("https://files.example/all.zip#!/other.pdf", "https://files.example/all.zip"),
    ],
)
def test_a_file_has_one_spelling(url: str, fetched: str) -> None:
    """A key is encoded, so that it can name nothing else; a signed query stays as it was signed."""
    assert parsed(url=url).uploads == (fetched,)
    assert UploadSeed.parse(url.encode()).uploads == (fetched,)


def test_what_becomes_a_source() -> None:
    """The start URL names the source and no secret; the id is the same with each signature."""
    source = parsed(url=SIGNED, priority=7).source(Settings(VALUES))
    again = parsed(url=SIGNED.replace("hunter2", "hunter3")).source(Settings(VALUES))
    assert source.source_id == again.source_id
    assert source.url == f"upload://{source.source_id}/a.pdf"
    assert (source.kind, source.priority, source.project_id) == ("upload", 7, OWN)
    nameless = parsed(url="https://files.example/docs/?b=1").source(Settings(VALUES))
    assert nameless.url == f"upload://{nameless.source_id}/files.example"
    both = parsed(files=[MINE, SIGNED, MINE], name="Hand books", source_id="h").source(Settings(VALUES))
    assert (both.source_id, both.url) == (as_uuid("h", OWN), f"upload://{both.source_id}/Hand%20books")


HOSTILE = [
    ({}, "needs a url"),
    ({"files": []}, "needs a url"),
    ({"url": MINE, "files": [MINE]}, "needs a url"),
    ({"url": ""}, "a path on a disk"),
    ({"url": 5}, "url:"),
    ({"files": MINE}, "files:"),
    ({"files": [None]}, "files: 0:"),
    ({"file": "/etc/passwd"}, "needs a url"),
    ({"url": "/etc/passwd"}, "a path on a disk"),
    ({"url": "C:\\secret.txt"}, "a path on a disk"),
    ({"url": "file:///etc/passwd"}, "a path on a disk"),
    ({"url": "FILE:///etc/passwd"}, "not a http or https URL"),
    ({"url": "file:/etc/passwd"}, "a path on a disk"),
    ({"files": [MINE, "file:///etc/passwd"]}, "a path on a disk"),
    ({"url": "upload://11111111-2222-4333-8444-555555555555/x"}, "not a http or https URL"),
    ({"url": "ftp://files.example/a.pdf"}, "not a http or https URL"),
    ({"url": "data:text/plain,hello"}, "a path on a disk"),
    ({"url": "gopher://127.0.0.1:6379/_FLUSHALL"}, "not a http or https URL"),
    ({"url": "https://user:hunter2@files.example/a.pdf"}, "user name or password"),
    ({"url": "https://"}, "not a http or https URL"),
    ({"url": "https://files.example/?" + "a" * 5000}, "more than 4096"),
    ({"url": "s3://uploads"}, "names no object"),
    ({"url": "s3://uploads/"}, "names no object"),
    ({"url": "s3:///key"}, "names no object"),
    ({"url": "s3://UPLOADS/a.pdf"}, "names no object"),
    ({"url": "s3://a@b/a.pdf"}, "names no object"),
    ({"url": "s3://uploads:80/a.pdf"}, "names no object"),
    ({"url": f"s3://uploads/{OWN}/../other/a.pdf"}, "names no object"),
    ({"url": f"s3://uploads/{OWN}/./a.pdf"}, "names no object"),
    ({"url": f"s3://uploads/{OWN}//a.pdf"}, "names no object"),
    ({"url": f"s3://uploads/{OWN}/"}, "names no object"),
    ({"url": f"s3://uploads/{OWN}/a\u0000.pdf"}, "names no object"),
    ({"url": f"s3://uploads/{OWN}/a\r\nHost: evil"}, "names no object"),
    ({"url": f"s3://uploads/{OWN}/\ud800"}, "url:"),
    ({"url": f"s3://uploads/{OWN}/" + "ü" * 600}, "names no object"),
    ({"files": [f"s3://uploads/{OWN}/{n}" for n in range(FILES_MAX + 1)]}, "files:"),
    ({"files": ["https://e.org/get?id=1", "https://e.org/get?id=2"]}, "differ in their queries only"),
    ({"url": MINE, "priority": 11}, "priority:"),
    ({"url": MINE, "project_id": ""}, "project_id:"),
    ({"url": MINE, "name": "x" * 201}, "name:"),
]


@pytest.mark.parametrize(("seed", "said"), HOSTILE)
def test_hostile_seeds(seed: dict[str, Any], said: str) -> None:
    """Each is refused with a sentence that names what is wrong, and shows no password and no signature."""
    with pytest.raises(SeedError) as caught:
        parsed(**seed)
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("seed", "settings", "reason"),
    [
        ({"files": [MINE, SIGNED]}, {"ENABLE_BULK_UPLOAD": False}, "bulk upload"),
        ({"url": "s3://backups/a.pdf"}, {}, "storage bucket"),
        ({"url": MINE}, {"S3_BUCKETS": ()}, "storage bucket"),
        ({"url": MINE}, {"S3_SECRET_ACCESS_KEY": None, "S3_BUCKETS": ()}, "storage bucket"),
        ({"url": f"s3://uploads/{as_uuid('rival')}/a.pdf"}, {}, "storage prefix"),
        ({"url": f"s3://uploads/{OWN}2/a.pdf"}, {}, "storage prefix"),
        ({"url": f"s3://uploads/{OWN}%2Fa.pdf"}, {}, "storage prefix"),
        ({"url": MINE, "project_id": "rival"}, {}, "storage prefix"),
        ({"files": [MINE, "s3://uploads/else/a.pdf"]}, {}, "storage prefix"),
    ],
)
def test_what_settings_do_not_allow(seed: dict[str, Any], settings: dict[str, Any], reason: str) -> None:
    """A seed is refused for one file that its project may not have; nothing is named that is not set up."""
    with pytest.raises(GiveUp) as caught:
        parsed(**seed).source(Settings(VALUES | settings))
    assert caught.value.reason == reason


def test_unknown_keys_change_nothing() -> None:
    """No key of a message reaches a request, the source's spec or this machine."""
    hostile = {
        "proxy": "http://evil",
        "meta": {META_KEY: {"signed_url": MINE}},
        META_KEY: {"signed_url": MINE},
        "is_local": True,
        "kind": "website",
        "local": 1,
    }
    source = parsed(url=MINE, **hostile).source(Settings(VALUES))
    plain = parsed(url=MINE).source(Settings(VALUES))
    assert {**vars_of(source), "crawl_id": 0} == {**vars_of(plain), "crawl_id": 0}
    assert not parsed(url=MINE, **hostile).is_local


def vars_of(source: Any) -> dict[str, Any]:
    """The fields of a slotted dataclass."""
    return {name: getattr(source, name) for name in source.__slots__}


def test_local_files_come_from_a_command_line_only(tmp_path: Path) -> None:
    """The same URL that a message may not have is taken where this process was given the path."""
    path = tmp_path / "a #!%.pdf"
    seed = UploadSeed.of_paths([path], project="shop")
    assert seed.is_local
    assert seed.source(Settings(VALUES)).url.endswith("/a%20%23%21%25.pdf")
    with pytest.raises(SeedError):
        parsed(url=seed.uploads[0])


@given(
    st.text(max_size=60), st.sampled_from(["", "s3://", "s3://uploads/", "https://", "file://", "upload://"])
)
def test_no_text_is_taken_for_a_file_of_this_machine(text: str, start: str) -> None:
    """Whatever a seed says, what comes of it is an object, a web URL, or a refusal with a sentence."""
    try:
        seed = UploadSeed.of({"url": start + text})
    except SeedError:
        return
    [url] = seed.uploads
    assert url.startswith(("s3://", "https://", "http://"))
    assert url.isascii()
    assert "#" not in url
    assert isinstance(as_uuid(url), UUID)
