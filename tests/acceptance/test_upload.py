"""Files from storage, by signed URL, from a site and from a terminal: whole runs of the real program."""

import json
import os
import signal
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import redis

from alonchat_crawl.identity import as_uuid
from tests.acceptance.conftest import Scrapy, rows, until, worker
from tests.sites.server import Answer, Route, Site, page
from tests.sites.storage import BUCKET, Storage, storage
from tests.support.files.broken import broken_files
from tests.support.files.good import GOOD
from tests.support.files.office import zipped

KEY = "upload:start_urls"
OWN, OTHERS = as_uuid("shop"), as_uuid("rival")
DOCUMENTS = {name: make() for name, make in GOOD.values() if not name.endswith((".zip", ".tar", ".gz"))}
CHANGED = "tea.md"
SECRET = "hunter2hunter2"  # noqa: S105 - made up
BULK = as_uuid("bulk", OWN)
SOURCES = ("bulk", "terms", "late", "moved", "linked")
SHOWN = """select p.url from pages p join sources s on s.id = p.source_id
    where s.id = %s and p.gone_at is null and s.finished_at is not null"""
ENDED = "select from sources where finished_at is not null and coalesce(id = %s, true) and url like %s"
LETTERS = sorted(
    [
        ("bulk", "missing.pdf", "http 404"),
        ("bulk", "b.pdf", "file malformed"),
        ("late", "late.md?token=old", "http 403"),
        ("moved", f"moved.md?token={SECRET}", "http 302"),
        ("theft", "", "storage prefix"),
        ("climb", "", "bad seed"),
        ("elsewhere", "", "storage bucket"),
        ("disk", "", "bad seed"),
        ("path", "", "bad seed"),
    ]
)
"""(source, end of the URL, reason): `late`'s is what a site says of a signature whose time is up."""
EACH = 8
"""So many of the broken files are passed over for each that is taken, to be quick; all are read elsewhere."""
REASONS = {
    "file empty",
    "file type",
    "file encrypted",
    "file malformed",
    "file without text",
    "extract",  # HTML that is nested too deeply
    "zip bomb",
    "xml bomb",
    "archive malformed",
    "archive encrypted",
    "archive too many files",
    "archive in archive",
    "parser timeout",
    "parser memory",
    "parser crash",
}


@pytest.fixture(scope="module")
def objects() -> Iterator[Storage]:
    """A bucket with two tenants' files."""
    with storage() as running:
        for name, body in DOCUMENTS.items():
            running.put(f"{OWN}/{name}", body)
        running.put(
            f"{OWN}/all.zip", zipped({"in/a.md": b"# Inside\n\nA file in an archive.", "b.pdf": b"%PDF-1.7"})
        )
        running.put(f"{OWN}/large.txt", b"words " * 200_000)
        running.put(f"{OTHERS}/secret.md", b"# Secret\n\nThis is not yours.")
        yield running


@pytest.fixture
def site() -> Iterator[Site]:
    """Signed files, and a page that links to a PDF and a picture."""
    pdf = DOCUMENTS[GOOD["pdf"][0]]
    routes: dict[str, Route] = {
        f"/files/terms.md?token={SECRET}": Answer(
            b"# Terms\n\nYou may return it in thirty days.", "text/markdown"
        ),
        "/files/late.md?token=old": Answer(b"expired", "text/plain", 403),
        f"/files/moved.md?token={SECRET}": Answer(b"", None, 302, {"Location": "/moved"}),
        "/": page("Front", "Welcome to our shop, where words are sold.", ("/handbook", "/photo")),
        "/handbook": Answer(pdf, "application/pdf"),
        "/photo": Answer(b"\x89PNG\r\n\x1a\n" + bytes(100), "image/png"),
        "/robots.txt": Answer(b"User-agent: *\nDisallow: /files/", "text/plain"),
    }
    with Site(routes).serving() as running:
        yield running


def seeds(site: Site) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name of each upload's source, and its seed."""
    listed = [f"s3://{BUCKET}/{OWN}/{name}" for name in (*DOCUMENTS, "all.zip", "large.txt", "missing.pdf")]
    yield "bulk", {"files": listed}
    for name, token in (("terms", SECRET), ("late", "old"), ("moved", SECRET)):
        yield name, {"url": f"{site.url}/files/{name}.md?token={token}"}
    yield "theft", {"url": f"s3://{BUCKET}/{OTHERS}/secret.md"}
    yield "climb", {"url": f"s3://{BUCKET}/{OWN}/../{OTHERS}/secret.md"}
    yield "elsewhere", {"url": f"s3://backups/{OWN}/a.md"}
    yield "disk", {"url": "file:///etc/passwd"}
    yield "path", {"file": "/etc/passwd"}


def dead(client: Any) -> list[tuple[str, str, str]]:
    """(source's name or seed's, URL, reason) of the dead letters."""
    found = []
    names = {str(as_uuid(name, OWN)): name for name in ("bulk", "late", "moved")}
    for _, letter in client.xrange("f2:{0}:dead"):
        told = json.loads(letter["letter"])
        name = json.loads(told["seed"])["source_id"] if "seed" in told else names[letter["source"]]
        found.append((name, letter["url"].rpartition("/")[2], letter["reason"]))
    return found


def test_uploads_of_all_kinds_survive_a_killed_worker(
    objects: Storage,
    site: Site,
    environment: dict[str, str],
    redis_url: str,
    database_url: str,
    tmp_path: Path,
) -> None:
    """Workers of both spiders serve files and sites; a kill loses none; what is bad has its reason.

    A second seed waits for the first run's end, takes in what changed and forgets what it names no more.
    """
    environment |= objects.environment() | {
        "ENABLE_BULK_UPLOAD": "true", "MAX_FILE_SIZE_MB": "1", "VIRUS_SCAN": "off"
    }  # fmt: skip
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        for name, seed in seeds(site):
            client.lpush(KEY, json.dumps({"project_id": "shop", "source_id": name, **seed}))
        linked = {"url": site.url, "project_id": "shop", "source_id": "linked", "files": True}
        client.lpush("website:start_urls", json.dumps(linked))
        with worker(environment, tmp_path) as first:
            until(lambda: rows(database_url, "select from pages where url like 's3:%%' limit 1"), first)
            os.kill(first.pid, signal.SIGKILL)
            first.wait()
        for lease in client.zrange("f2:{0}:lease", 0, -1):  # what it held: the test does not wait for it
            client.zadd("f2:{0}:lease", {lease: 1})
        client.delete(f"{{{KEY}}}:reader")  # nor for its turn as the reader of seeds to be over
        objects.put(f"{OWN}/{CHANGED}", b"# Later\n\nWhat was changed while the files were read.")
        again = [f"s3://{BUCKET}/{OWN}/{name}" for name in (CHANGED, "missing.pdf")]
        seed = {"project_id": "shop", "source_id": "bulk", "files": again, "name": "again"}
        client.lpush(KEY, json.dumps(seed))
        with worker(environment, tmp_path, spider="upload") as second:
            until(lambda: rows(database_url, SHOWN, BULK), second)  # of the first seed's run, all of it
            first_run, letters = sorted(rows(database_url, SHOWN, BULK)), dead(client)
            until(lambda: rows(database_url, ENDED, BULK, "%/again"), second)
            until(lambda: len(rows(database_url, ENDED, None, "%")) == len(SOURCES), second)
            second.send_signal(signal.SIGTERM)
            assert second.wait(30) == 0
    prefix = f"s3://{BUCKET}/{OWN}/"
    assert first_run == sorted([(f"{prefix}{name}",) for name in (*DOCUMENTS, "all.zip#!/in/a.md")])
    assert sorted(letters) == LETTERS
    assert rows(database_url, SHOWN, BULK) == [(f"{prefix}{CHANGED}",)]
    [(content,)] = rows(database_url, "select content from source_chunks join pages p on p.id = page_id"
                        " where p.url = %s", f"{prefix}{CHANGED}")  # fmt: skip
    assert "What was changed" in content
    twice = "select from source_chunks group by page_id, position having count(*) > 1"
    assert rows(database_url, twice) == []
    linked_pages = rows(database_url, SHOWN, as_uuid("linked", OWN))
    assert sorted(linked_pages) == [(f"{site.url}/",), (f"{site.url}/handbook",)]
    assert rows(database_url, SHOWN, as_uuid("terms", OWN)) == [(f"{site.url}/files/terms.md",)]
    everything = "select s::text from sources s union all select p::text from pages p"
    assert not [row for (row,) in rows(database_url, everything) if SECRET in row or "not yours" in row]
    assert not [path for path in site.paths if path == "/moved"]


def test_broken_files_cost_no_worker(scrapy: Scrapy, database_url: str, tmp_path: Path) -> None:
    """Broken files of every type, in a terminal's folder of archives: each is stored or has its reason."""
    folder = tmp_path / "broken"
    folder.mkdir()
    broken = {kind: dict(list(broken_files(kind))[::EACH]) for kind in GOOD}
    for kind, files in broken.items():
        with tarfile.open(folder / f"{kind}.tar", "w") as archive:
            for name, body in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(body)
                archive.addfile(entry, BytesIO(body))
    (folder / "empty.pdf").touch()
    done = scrapy("crawl", "upload", "-a", f"file={folder}", ENABLE_BULK_UPLOAD="true", VIRUS_SCAN="off")
    assert done.returncode == 0
    [(status, counts)] = rows(database_url, "select status, counts from sources")
    number = sum(map(len, broken.values()))
    assert status == "completed"
    assert counts["followed"] == 1 + len(broken)
    assert counts["stored"] + counts.get("unchanged", 0) + counts["dead"] == number + 1
    [told] = [line for line in done.stderr.splitlines() if '"event": "source completed"' in line]
    reasons = {reason.removeprefix("dead:") for reason in json.loads(told)["reasons"]}
    assert reasons <= REASONS | {"followed:archive"}
    assert len(reasons) > len(REASONS) / 2
    assert "empty.pdf: file empty: " in done.stderr
    assert "more files were not taken in." in done.stderr
