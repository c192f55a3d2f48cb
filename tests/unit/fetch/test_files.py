"""What a worker reads itself: a terminal's own files and no others, and archives of its own run."""

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from scrapy import Request
from scrapy.utils.test import get_crawler

from alonchat_crawl.errors import GiveUp, ReasonedError, StartupError
from alonchat_crawl.fetch.files.lease_requests import LeaseRequests
from alonchat_crawl.fetch.files.local_files import local_paths, read_local
from alonchat_crawl.fetch.files.object_storage import ObjectStorage
from alonchat_crawl.fetch.files.own_files import ArchiveCache, OwnFiles
from alonchat_crawl.fetch.request_context import RequestContext, context_of
from alonchat_crawl.sources import Kind, Lease
from alonchat_crawl.spiders.upload import UploadSpider
from tests.support.knowledge import again, make_source
from tests.support.no_pacer import NoPacer

UPLOAD = replace(make_source(), kind="upload", url="upload://x/")


def lease_of(url: str, kind: Kind = Kind.FILE) -> Lease:
    """A lease on an upload's URL."""
    own = str(UPLOAD.source_id)
    return Lease("id", UPLOAD, ("upload://x",), own, url, kind, 0, 1)


def leased(url: str, lease: Lease) -> Request:
    """A request for a leased page."""
    return Request(url, meta=RequestContext(lease).as_meta())


def requests(max_bytes: int = 100) -> LeaseRequests:
    """Requests to a storage that nobody has."""
    storage = ObjectStorage("http://127.0.0.1:1", "auto", ("uploads",), "", None)
    return LeaseRequests(storage, max_bytes, 5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files, a hidden one, links, a pipe, a socket and a folder."""
    (tmp_path / "sub" / ".git").mkdir(parents=True)
    for name in ("b.txt", "a.txt", ".hidden", "sub/c.txt", "sub/.git/config"):
        (tmp_path / name).write_text(name)
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "round").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
    return tmp_path


def test_a_folder_is_its_regular_files(folder: Path) -> None:
    """In order; neither hidden ones, nor what links lead to, nor pipes."""
    found = local_paths(str(folder), bulk=True)
    assert [path.relative_to(folder).as_posix() for path in found] == ["a.txt", "b.txt", "sub/c.txt"]
    two = f"{folder / 'b.txt'}:{folder / 'sub'}"
    assert [path.name for path in local_paths(two, bulk=True)] == ["b.txt", "c.txt"]


@pytest.mark.parametrize("name", ["absent", "sub", "", "a.txt:absent"])
def test_what_is_no_file(folder: Path, name: str) -> None:
    """Each is one sentence at the start."""
    with pytest.raises(StartupError):
        local_paths(str(folder / name), bulk=False)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("link", "file unreadable"),
        ("pipe", "file unreadable"),
        ("socket", "file unreadable"),
        ("sub", "file unreadable"),
        ("absent", "file unreadable"),
        ("a.txt/x", "file unreadable"),
        ("large", "too large"),
        ("/dev/zero", "file unreadable"),
    ],
)
def test_only_a_regular_file_of_bounded_size_is_read(folder: Path, name: str, reason: str) -> None:
    """A path replaced meanwhile, by a link, a pipe or a device, is neither followed nor waited for."""
    (folder / "large").write_bytes(bytes(101))
    with pytest.raises(ReasonedError) as caught:
        read_local(folder / name, 100)
    assert caught.value.reason == reason


async def test_a_process_reads_only_the_files_that_it_was_given(folder: Path) -> None:
    """A lease on any other, wherever it came from, is given up."""
    given = folder / "a.txt"
    own = OwnFiles(get_crawler(), NoPacer(), requests(), ArchiveCache(100), {given.as_uri(): given})
    answer = await own.process_request(
        Request(given.as_uri(), meta=RequestContext(lease_of(given.as_uri())).as_meta())
    )
    assert answer is not None
    assert answer.body == b"a.txt"
    for url in ("file:///etc/passwd", f"{given.as_uri()}/../b.txt", "file://host/a.txt", "file:a.txt"):
        with pytest.raises(GiveUp, match="given no such file"):
            await own.process_request(leased("file:///x", lease_of(url)))


async def test_what_is_fetched_is_left_to_others() -> None:
    """A site's lease, a robots.txt, a signed URL and an object pass; the list of files needs no network."""
    own = OwnFiles(get_crawler(), NoPacer(), requests(), ArchiveCache(100), {})
    site = replace(lease_of("https://e.org/"), source=make_source(), kind=Kind.START)
    for lease in (site, lease_of("https://e.org/a.pdf"), lease_of("s3://uploads/a.pdf")):
        assert await own.process_request(leased("https://e.org/", lease)) is None
    robots = RequestContext(site, is_site_file=True)
    assert await own.process_request(Request("https://e.org/robots.txt", meta=robots.as_meta())) is None
    listed = await own.process_request(leased("upload://x/", lease_of("upload://x/", Kind.START)))
    assert listed is not None
    assert listed.body == b""


def test_the_cache_of_archives_is_bounded_and_parted_by_run() -> None:
    """The last used archives stay; no run is given another's, of whichever project."""
    archives, lease = ArchiveCache(100), lease_of("s3://uploads/a.zip")
    for name in "abc":
        archives.put(lease, name, bytes(40))
        archives.get(lease, "a")
    assert [archives.get(lease, name) is not None for name in "abc"] == [True, False, True]
    assert archives.get(replace(lease, source=again(UPLOAD)), "a") is None
    archives.put(lease, "large", bytes(1000))
    assert [archives.get(lease, name) is not None for name in ("a", "large")] == [False, True]


def test_an_object_is_asked_for_with_a_signature_in_no_url() -> None:
    """The request goes to our storage alone, marked for the guard, and is not redirected."""
    from botocore.credentials import Credentials  # noqa: PLC0415 - of this test only

    storage = ObjectStorage(
        "https://storage.example/s3", "auto", ("uploads",), "", Credentials("id", "hunter2")
    )
    assert "hunter2" not in repr(storage)
    request = LeaseRequests(storage, 100, 5).request_for(lease_of("s3://uploads/a%20b.pdf"), None)
    assert request.url == "https://storage.example/s3/uploads/a%20b.pdf"
    assert (request.headers["Authorization"] or b"").startswith(b"AWS4-HMAC-SHA256 Credential=id/")
    assert context_of(request).signed_url == request.url
    assert {"dont_redirect": True, "download_maxsize": 100}.items() <= request.meta.items()
    signed = LeaseRequests(storage, 100, 5).request_for(lease_of("https://e.org/a.pdf?sig=1"), None)
    assert context_of(signed).signed_url == ""
    assert "Authorization" not in signed.headers


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"file": "/etc/passwd", "_job": "1"}, "A job cannot read this machine's disk"),
        ({"url": "file:///etc/passwd"}, "a path on a disk"),
        ({"url": "/etc/passwd", "_job": "1"}, "a path on a disk"),
        ({"file": "/etc/passwd", "url": "s3://b/k"}, "Give either"),
        ({"file": "/etc"}, "needs ENABLE_BULK_UPLOAD"),
        ({"file": "/absent/file"}, "does not exist"),
        ({"project": "x"}, "Arguments but no url"),
        ({"max_pages": "3", "url": "s3://bucket/k"}, "is not an argument"),
    ],
)
def test_arguments_that_cannot_be_used(arguments: dict[str, str], said: str) -> None:
    """Each is one sentence; a job of scrapyd reads no disk."""
    crawler = get_crawler(UploadSpider, {"ENABLE_BULK_UPLOAD": False})
    with pytest.raises(StartupError, match=said):
        UploadSpider.from_crawler(crawler, **arguments)
