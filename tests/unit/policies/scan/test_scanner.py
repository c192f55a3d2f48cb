"""What clamd's answers mean, which responses are asked about, and where scanning is required."""

import io
import re
import zipfile
from typing import Any

import pytest
from scrapy.http import Response
from scrapy.settings import Settings

from alonchat_crawl import settings
from alonchat_crawl.environment import Environment
from alonchat_crawl.errors import StartupError
from alonchat_crawl.policies.scan.clamd import Clamd, NoVerdictError, ScanVerdict, read_answer
from alonchat_crawl.policies.scan.policy import is_scanned
from alonchat_crawl.policies.scan.scanner import EICAR, NESTED, Scanner, nested_archive
from alonchat_crawl.sources import Kind, Lease
from tests.support.clamd import CONFIGURATION
from tests.unit.policies.test_scope import source

MEGABYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("answer", "verdict", "name"),
    [
        (b"stream: OK\0", ScanVerdict.CLEAN, ""),
        (b"stream: Win.Test.EICAR_HDB-1 FOUND\0", ScanVerdict.INFECTED, "Win.Test.EICAR_HDB-1"),
        (b"stream: OK FOUND\0", ScanVerdict.INFECTED, "OK"),
        (b"stream: stream: OK FOUND\0", ScanVerdict.INFECTED, "stream: OK"),
        (b"stream: \x1b[2J\xe9\r FOUND\0", ScanVerdict.INFECTED, "?[2J??"),
        (b"stream: " + b"N" * 3000 + b" FOUND\0", ScanVerdict.INFECTED, "N" * 100),
        (b"INSTREAM size limit exceeded. ERROR\0", ScanVerdict.TOO_LARGE, "StreamMaxLength"),
        (
            b"stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND\0",
            ScanVerdict.TOO_LARGE,
            "Heuristics.Limits.Exceeded.MaxRecursion",
        ),
        (b"stream: Heuristics.Encrypted.Zip FOUND\0", ScanVerdict.ENCRYPTED, "Heuristics.Encrypted.Zip"),
    ],
)
def test_verdicts(answer: bytes, verdict: ScanVerdict, name: str) -> None:
    """A signature may be called anything; it is shown short, in printable ASCII."""
    finding = read_answer(answer)
    assert (finding.verdict, finding.name) == (verdict, name)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0",
        b"OK\0",
        b"stream: OK",
        b"stream: OK\n",
        b"stream: OK\n\0",
        b"stream: OK \0",
        b" stream: OK\0",
        b"stream:OK\0",
        b"Stream: OK\0",
        b"stream: ok\0",
        b"stream: OK\0\0",
        b"stream: OK\0stream: OK\0",
        b"stream: OK\0stream: Eicar FOUND\0",
        b"1: stream: OK\0",
        b"/tmp/x: OK\0",
        b"stream: Eicar OK\0",
        b"stream: Eicar FOUND",
        b"stream: FOUND\0",
        b"stream:  FOUND OK\0",
        b"stream: Eicar FOUND\0\0",
        b"stream: Can't allocate memory ERROR\0",
        b"INSTREAM: Can't write to temporary file. ERROR\0",
        b"INSTREAM size limit exceeded. ERROR",
        b"COMMAND READ TIMED OUT\0",
        b"UNKNOWN COMMAND\0",
        b"PONG\0",
        b"HTTP/1.1 200 OK\r\n\r\n",
        bytes(range(256)) * 16,
    ],
)
def test_no_verdict(answer: bytes) -> None:
    """Only the one exact answer means clean; of any other a little is shown, in printable ASCII."""
    with pytest.raises(NoVerdictError) as fault:
        read_answer(answer)
    assert fault.value.reason == "scanner error"
    assert fault.value.detail.isascii()
    assert fault.value.detail.isprintable()
    assert len(fault.value.detail) < 300


@pytest.mark.parametrize(
    "address",
    [
        "", "clamd", "unix:", "unix://", "unix://run/clamd.ctl", "tcp://", "tcp://host", "tcp://host:0", "tcp://:3310",
        "tcp://host:99999", "tcp://host:port", "http://host:3310", "/run/clamd.ctl",
    ],
)  # fmt: skip
def test_bad_addresses(address: str) -> None:
    """What names no socket is refused when the crawler starts, in a sentence that names the variable."""
    with pytest.raises(ValueError, match=r"neither|[Pp]ort"):
        Clamd(address, 1.0)
    with pytest.raises(StartupError, match=r"^CLAMD_ADDRESS=.*\.$"):
        Scanner.from_settings(project_settings(VIRUS_SCAN="required", CLAMD_ADDRESS=address))


def project_settings(**values: Any) -> Settings:
    """The project's settings, some of them changed."""
    changed = Settings()
    changed.setmodule("alonchat_crawl.settings", priority="project")
    changed.setdict(values, priority="cmdline")
    return changed


@pytest.mark.parametrize(
    ("virus_scan", "database_url", "required"),
    [
        (None, None, False),
        (None, "postgresql://db/alonchat", True),
        ("required", None, True),
        ("required", "postgresql://db/alonchat", True),
        ("off", None, False),
        ("off", "postgresql://db/alonchat", False),
    ],
)
def test_where_it_is_required(virus_scan: str | None, database_url: str | None, *, required: bool) -> None:
    """Unless it says otherwise, an installation with a database of its own scans."""
    values = project_settings(VIRUS_SCAN=virus_scan, DATABASE_URL=database_url)
    assert Scanner.from_settings(values).required is required


async def test_off_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Without a scanner files pass, and the log says so, once."""
    scanner = Scanner.from_settings(project_settings(VIRUS_SCAN="off"))
    for _ in range(3):
        await scanner.scan(EICAR)
    await scanner.ready()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "VIRUS_SCAN" in caplog.text


HTML, PDF = b"<!doctype html><p>Words", b"%PDF-1.7\n1 0 obj"
WEB = {"kind": "website", "files": False}
WEB_FILES = {"kind": "website", "files": True}
UPLOAD = {"kind": "upload", "files": False}


@pytest.mark.parametrize(
    ("fields", "kind", "status", "header", "path", "body", "scanned"),
    [
        # An upload: whatever it is.
        (UPLOAD, Kind.FILE, 200, "application/pdf", "/a.pdf", PDF, True),
        (UPLOAD, Kind.FILE, 200, "text/plain", "/a.txt", b"words", True),
        (UPLOAD, Kind.FILE, 206, "", "/a", b"words", True),
        (UPLOAD, Kind.FILE, 200, "text/html", "/a.html", HTML, True),
        (UPLOAD, Kind.START, 200, "text/html", "/", HTML, True),
        (WEB, Kind.FILE, 200, "text/html", "/a.html", HTML, True),
        (WEB_FILES, Kind.FILE, 200, "text/plain", "/a.txt", b"words", True),
        # A web site that takes files in: what is no text.
        (WEB_FILES, Kind.PAGE, 200, "application/pdf", "/a.pdf", PDF, True),
        (WEB_FILES, Kind.START, 200, "application/octet-stream", "/a.docx", b"PK\3\4", True),
        (WEB_FILES, Kind.PAGE, 200, "application/zip", "/a.html", HTML, True),
        (WEB_FILES, Kind.PAGE, 200, "text/csv", "/a.csv", b"a,b", True),
        (WEB_FILES, Kind.PAGE, 200, "", "/a", b"\x89PNG\r\n\x1a\n", True),
        (WEB_FILES, Kind.PAGE, 200, "", "/a", b"words", True),
        (WEB_FILES, Kind.PAGE, 200, "text/html; charset=utf-8", "/", HTML, False),
        (WEB_FILES, Kind.PAGE, 200, "", "/", HTML, False),
        (WEB_FILES, Kind.PAGE, 200, "text/plain", "/a.txt", b"words", False),
        (WEB_FILES, Kind.PAGE, 200, "text/markdown", "/a.md", b"# Words", False),
        (WEB_FILES, Kind.PAGE, 200, "text/x-python", "/a.py", b"import os", False),
        (WEB_FILES, Kind.SITEMAP, 200, "application/xml", "/sitemap.xml", b"<urlset/>", False),
        # One that calls itself text.
        (WEB_FILES, Kind.PAGE, 200, "text/html", "/", PDF, True),
        (WEB_FILES, Kind.PAGE, 200, "text/plain", "/a.txt", b"PK\3\4\x14\0", True),
        (WEB_FILES, Kind.PAGE, 200, "text/html", "/", HTML + b"\n" + PDF, True),
        (WEB_FILES, Kind.PAGE, 200, "text/markdown", "/a.md", b"\xd0\xcf\x11\xe0", True),
        (WEB_FILES, Kind.PAGE, 200, "", "/a.py", b"{\\rtf1 ", True),
        # A web site of pages alone: files are refused by the spider, unread.
        (WEB, Kind.PAGE, 200, "application/pdf", "/a.pdf", PDF, False),
        (WEB, Kind.PAGE, 200, "text/html", "/", HTML, False),
        # What ends the URL, unread.
        (UPLOAD, Kind.FILE, 404, "text/html", "/a.pdf", HTML, False),
        (UPLOAD, Kind.FILE, 302, "text/html", "/a.pdf", HTML, False),
        (WEB_FILES, Kind.PAGE, 304, "application/pdf", "/a.pdf", b"", False),
        (WEB_FILES, Kind.PAGE, 503, "application/pdf", "/a.pdf", PDF, False),
        (UPLOAD, Kind.FILE, 200, "application/pdf", "/a.pdf", b"", False),
    ],
)
def test_which_are_scanned(
    fields: dict[str, Any], kind: Kind, status: int, header: str, path: str, body: bytes, *, scanned: bool
) -> None:
    """Of an upload everything, of a web site all that is read; with `none` what is, or may be, no text."""
    response = Response(f"https://a.example{path}", status, {"Content-Type": header} if header else {}, body)
    one = lease(kind, fields)
    assert is_scanned(one, "none", response) is scanned
    is_page = kind is not Kind.SITEMAP and 200 <= status < 300 and body != b""
    assert is_scanned(one, "files", response) is (scanned or (is_page and one.source.files))
    assert is_scanned(one, "all", response) is is_page


def lease(kind: Kind, fields: dict[str, Any], url: str = "https://a.example/") -> Lease:
    """A lease on a source's URL."""
    return Lease("id", source(**fields), ("https://a.example",), "a.example", url, kind, 0, 1)


def test_no_lease_is_none() -> None:
    """What belongs to no source, as a robots.txt, is no file."""
    for pages in ("none", "files", "all"):
        assert not is_scanned(None, pages, Response("https://a.example/a.pdf", body=PDF))


def test_nested_archive() -> None:
    """What proves that a scanner tells its limits is EICAR, under more archives than any opens."""
    body, depth = nested_archive(), 0
    assert len(body) < 20_000
    while body != EICAR:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            body, depth = archive.read("a"), depth + 1
    assert depth == NESTED == 101


def test_configuration() -> None:
    """deploy/clamd.conf looks at files of MAX_FILE_SIZE_MB, and gives up before the crawler does."""
    words = [
        line.split(maxsplit=1) for line in CONFIGURATION.read_text().splitlines() if re.match(r"\w", line)
    ]
    found = dict(words)
    most = Environment.model_fields["MAX_FILE_SIZE_MB"].default
    limits = {
        name: int(found[name].removesuffix("M")) for name in ("StreamMaxLength", "MaxFileSize", "MaxScanSize")
    }
    assert most < limits["StreamMaxLength"] <= limits["MaxFileSize"] <= limits["MaxScanSize"]
    timeout = Environment.model_fields["CLAMD_TIMEOUT_SECONDS"].default
    assert int(found["MaxScanTime"]) / 1000 < timeout
    assert {found[name] for name in ("AlertExceedsMax", "AlertEncryptedArchive", "AlertEncryptedDoc")} == {
        "yes"
    }
    assert int(found["MaxThreads"]) > settings.CLAMD_SCANS
    assert f"unix://{found['LocalSocket']}" == Environment.model_fields["CLAMD_ADDRESS"].default
