"""What a scanner lets pass, and what becomes of files while it is away."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing import get_context
from typing import Any

import pytest
from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.http import Response
from scrapy.signalmanager import SignalManager
from twisted.python.failure import Failure

from alonchat_crawl.errors import Deferred, GiveUp, ReasonedError, Retry, StartupError
from alonchat_crawl.fetch.request_context import RequestContext
from alonchat_crawl.policies.scan import scanner as scanning
from alonchat_crawl.policies.scan.clamd import Clamd
from alonchat_crawl.policies.scan.policy import ScanPolicy
from alonchat_crawl.policies.scan.scanner import EICAR, Scanner, check_scanner, nested_archive
from alonchat_crawl.signals import stage_finished
from alonchat_crawl.sources import Kind
from alonchat_crawl.spiders.upload import UploadSpider
from alonchat_crawl.spiders.website import WebsiteSpider
from tests.integration.test_clamd import in_pdf, locked, zipped
from tests.sites.dishonest_clamd import read_stream, serving
from tests.sites.server import Answer, Site
from tests.support.clamd import KNOWS_ANOTHER, KNOWS_EICAR, OwnClamd
from tests.unit.policies.scan.test_scanner import UPLOAD, WEB, WEB_FILES, lease, project_settings

NOWHERE = "unix:///nowhere/clamd.ctl"
PDF = in_pdf(b"Words.")


def scanner_at(address: str, *, at_once: int = 4, seconds: float = 30.0) -> Scanner:
    """A scanner that is required."""
    return Scanner(Clamd(address, seconds), at_once=at_once)


async def told(scanner: Scanner, body: bytes) -> str:
    """How a scan ended."""
    try:
        await scanner.scan(body)
    except ReasonedError as error:
        return f"{type(error).__name__}: {error.reason}"
    return "clean"


@pytest.mark.parametrize(
    ("body", "outcome", "name"),
    [
        (EICAR, "infected", "(Eicar-Test-Signature.UNOFFICIAL)"),
        (zipped(in_pdf(EICAR)), "infected", "(Eicar-Test-Signature.UNOFFICIAL)"),
        (bytes((100 << 20) + 1), "scan too large", "(StreamMaxLength)"),
        (nested_archive(), "scan too large", "(Heuristics.Limits.Exceeded.MaxRecursion)"),
        (locked(zipped(b"Words.")), "file encrypted", "(Heuristics.Encrypted.Zip)"),
    ],
)
async def test_given_up(clamd: OwnClamd, body: bytes, outcome: str, name: str) -> None:
    """What is found, or cannot be looked at, is given up at once, each with a reason of its own."""
    scanner = scanner_at(clamd.address)
    with pytest.raises(GiveUp, match=f"{name}$".replace("(", r"\(").replace(")", r"\)")) as error:
        await scanner.scan(body)
    assert error.value.reason == outcome
    assert await told(scanner, PDF) == "clean"


async def test_no_scanner(stopped_clamd: OwnClamd) -> None:
    """A clamd that knows no viruses, or hides what it skips, passes nothing; put right, it does."""
    for changed, signatures, fault in (
        ([], KNOWS_ANOTHER, "EICAR"),
        (["AlertExceedsMax no"], KNOWS_EICAR, "AlertExceedsMax"),
    ):
        stopped_clamd.start(*changed, signatures=signatures)
        scanner = scanner_at(stopped_clamd.address)
        for ask in (scanner.ready(), scanner.scan(PDF)):
            with pytest.raises(Deferred, match=fault) as error:
                await ask
            assert error.value.reason == "scanner error"
            assert error.value.wait_seconds > 0
        with pytest.raises(
            StartupError, match=rf"^Files cannot be scanned: clamd at {stopped_clamd.address} .*\.$"
        ):
            check_scanner(project_settings(VIRUS_SCAN="required", CLAMD_ADDRESS=stopped_clamd.address))
        stopped_clamd.stop()


async def test_start_check(clamd: OwnClamd) -> None:
    """With a scanner an upload starts, without one it does not, unless none is asked for."""
    required: dict[str, Any] = {"VIRUS_SCAN": "required", "CLAMD_ADDRESS": clamd.address}
    check_scanner(project_settings(**required))
    check_scanner(project_settings(**required | {"CLAMD_ADDRESS": clamd.tcp_address}))
    clamd.freeze()
    with pytest.raises(StartupError, match=r"does not answer within 0.2 s; .*\.$"):
        check_scanner(project_settings(**required, CLAMD_TIMEOUT_SECONDS=0.2))
    for address in (NOWHERE, "tcp://127.0.0.1:1", "tcp://nowhere.invalid:3310"):
        with pytest.raises(StartupError, match=rf"{address} cannot be reached \(.+\); .*\.$"):
            check_scanner(
                project_settings(VIRUS_SCAN=None, DATABASE_URL="postgresql://x", CLAMD_ADDRESS=address)
            )
        check_scanner(project_settings(VIRUS_SCAN=None, DATABASE_URL=None, CLAMD_ADDRESS=address))


def test_upload_starts_only_with_a_scanner() -> None:
    """At a terminal an upload that could only wait does not begin; a worker does, for its web pages."""
    values = {"VIRUS_SCAN": "required", "CLAMD_ADDRESS": NOWHERE}
    crawler = Crawler(UploadSpider, project_settings(**values))
    with pytest.raises(StartupError, match="Files cannot be scanned"):
        UploadSpider.from_crawler(crawler, url="https://files.example/a.pdf")
    assert UploadSpider.from_crawler(crawler).seed is None


async def test_outage(clamd: OwnClamd, monkeypatch: pytest.MonkeyPatch) -> None:
    """While clamd is away nothing passes; back on its socket it is asked again, and must prove itself."""
    monkeypatch.setattr(scanning, "BELIEVED_SECONDS", 0.0)
    scanner = scanner_at(clamd.address, seconds=0.5)
    assert await told(scanner, PDF) == "clean"
    clamd.freeze()
    assert await told(scanner, PDF) == "Deferred: scanner timeout"
    clamd.thaw()
    assert await told(scanner, PDF) == "clean"
    clamd.stop(signal.SIGTERM)
    assert await told(scanner, PDF) == "Deferred: scanner unreachable"
    clamd.start(signatures=KNOWS_ANOTHER)
    assert await told(scanner, EICAR) == "Deferred: scanner error"
    clamd.stop()
    clamd.start()
    assert await told(scanner, PDF) == "clean"
    assert await told(scanner, EICAR) == "GiveUp: infected"


class Honest:
    """A server that scans like clamd, and remembers what it was asked."""

    def __init__(self) -> None:
        self.pings = 0
        self.bodies: list[bytes] = []
        self.at_once = self.most_at_once = 0
        self.answers: dict[bytes, bytes] = {
            EICAR: b"stream: Eicar FOUND\0",
            nested_archive(): b"stream: Deep FOUND\0",
        }

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one command."""
        if (await reader.readexactly(5)) == b"zPING":
            self.pings += 1
            writer.write(b"PONG\0")
            return
        reader._buffer[:0] = b"zINST"  # type: ignore[attr-defined] # put back
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            body = await read_stream(reader)
            self.bodies.append(body)
            await asyncio.sleep(0.01)
            writer.write(self.answers.get(body, b"stream: OK\0"))
        finally:
            self.at_once -= 1


@asynccontextmanager
async def honest() -> AsyncIterator[tuple[Honest, str]]:
    """An honest server and its address."""
    server = Honest()
    async with serving(server.speak) as (address, _):
        yield server, address


async def test_asked_little() -> None:
    """However many files come, clamd is asked how it is once in a while, and scans but a few at once."""
    async with honest() as (server, address):
        scanner = scanner_at(address, at_once=2)
        assert (
            await asyncio.gather(*(told(scanner, b"%d" % number) for number in range(20))) == ["clean"] * 20
        )
        await asyncio.gather(*(scanner.ready() for _ in range(20)))
        assert server.pings == 1
        assert len(server.bodies) == 22
        assert server.most_at_once == 2


async def test_away_asked_little() -> None:
    """While clamd is away it is asked once in a while, too, and no file is sent."""
    asked = 0

    async def speak(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1

    async with serving(speak) as (address, _):
        scanner = scanner_at(address)
        for _ in range(3):
            outcomes = await asyncio.gather(*(told(scanner, b"%d" % number) for number in range(20)))
            assert outcomes == ["Deferred: scanner unreachable"] * 20
        assert asked == 1


async def test_proved_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clamd that never fails is proved again all the same: its database may have been replaced."""
    monkeypatch.setattr(scanning, "PROOF_SECONDS", 0.05)
    async with honest() as (server, address):
        scanner = scanner_at(address)
        assert await told(scanner, PDF) == "clean"
        server.answers[EICAR] = b"stream: OK\0"
        await asyncio.sleep(0.06)
        assert await told(scanner, PDF) == "Deferred: scanner error"


async def test_file_that_stops_clamd() -> None:
    """A file that clamd breaks down over, or has no answer for, costs its own attempts, no other's."""
    async with honest() as (server, address):
        scanner = scanner_at(address)
        server.answers |= {b"killer": b"", b"odd": b"stream: Can't allocate memory ERROR\0"}
        assert await told(scanner, b"killer") == "Retry: scanner unreachable"
        assert await told(scanner, PDF) == "clean"
        assert await told(scanner, b"odd") == "Retry: scanner error"
        assert await told(scanner, PDF) == "clean"
        assert server.bodies.count(EICAR) == 3


async def test_stage_is_timed() -> None:
    """Each scan is told as the stage `scan`, however it ends."""
    stages: list[str] = []
    signals = SignalManager()

    def on_stage(stage: str, seconds: float) -> None:
        assert seconds > 0
        stages.append(stage)

    signals.connect(on_stage, stage_finished)
    async with honest() as (_, address):
        scanner = Scanner(Clamd(address, 30.0), at_once=1, signals=signals)
        assert [await told(scanner, body) for body in (PDF, EICAR)] == ["clean", "GiveUp: infected"]
    assert stages == ["scan"] * 2


@pytest.mark.parametrize(
    ("pages", "fields", "kind", "header", "body", "before", "after"),
    [
        ("none", UPLOAD, Kind.FILE, "application/pdf", PDF, Deferred, Deferred),
        ("none", UPLOAD, Kind.FILE, "text/plain", b"words", Deferred, Deferred),
        ("none", WEB_FILES, Kind.PAGE, "application/pdf", PDF, None, Retry),
        ("none", WEB_FILES, Kind.PAGE, "text/html", PDF, None, Retry),
        ("none", WEB_FILES, Kind.PAGE, "text/html", b"<html>", None, None),
        ("files", WEB_FILES, Kind.PAGE, "application/pdf", PDF, Deferred, Deferred),
        ("files", WEB_FILES, Kind.PAGE, "text/html", b"<html>", Deferred, Deferred),
        ("files", WEB_FILES, Kind.SITEMAP, "application/xml", b"<urlset/>", None, None),
        ("files", WEB, Kind.PAGE, "text/html", b"<html>", None, None),
        ("files", WEB, Kind.PAGE, "application/pdf", PDF, None, None),
        ("all", WEB, Kind.PAGE, "text/html", b"<html>", Deferred, Deferred),
    ],
)
async def test_while_away(
    pages: str,
    fields: dict[str, Any],
    kind: Kind,
    header: str,
    body: bytes,
    before: type[Exception] | None,
    after: type[Exception] | None,
) -> None:
    """What is scanned anyway waits, unfetched; what turns out a file is tried again; others do not notice."""
    policy = ScanPolicy(scanner_at(NOWHERE), pages)
    request = Request("https://a.example/a", meta=RequestContext(lease(kind, fields)).as_meta())
    response = Response(request.url, headers={"Content-Type": header}, body=body)
    if before is None:
        await policy.process_request(request)
    else:
        with pytest.raises(before) as early:
            await policy.process_request(request)
        assert isinstance(early.value, Deferred)
        assert (early.value.reason, early.value.wait_seconds) == (
            "scanner unreachable",
            scanning.WAIT_SECONDS,
        )
    if after is None:
        assert await policy.process_response(request, response) is response
    else:
        with pytest.raises(after) as late:
            await policy.process_response(request, response)
        assert isinstance(late.value, Deferred | Retry)
        assert late.value.reason == "scanner unreachable"
        assert late.value.wait_seconds >= scanning.WAIT_SECONDS


async def test_robots_pass() -> None:
    """A robots.txt of a site, for an upload too, is none of its files."""
    policy = ScanPolicy(scanner_at(NOWHERE), "all")
    meta = RequestContext(lease(Kind.FILE, UPLOAD), is_site_file=True).as_meta()
    request = Request("https://a.example/robots.txt", meta=meta)
    response = Response(request.url, body=b"User-agent: *")
    await policy.process_request(request)
    assert await policy.process_response(request, response) is response


class Asking(Spider):
    """Asks for files and pages as the frontier does, and keeps how each ended."""

    name = "asking"
    asked: Sequence[tuple[str, dict[str, Any], Kind]] = ()
    seed = None

    async def start(self) -> AsyncIterator[Any]:
        """Ask for all."""
        self.ends: dict[str, str] = {}
        for url, fields, kind in self.asked:
            meta = RequestContext(lease(kind, fields, url)).as_meta()
            yield Request(url, meta=meta, errback=self.failed, dont_filter=True)

    def parse(self, response: Response, **_: Any) -> None:
        """It has passed."""
        self.ends[response.url] = "passed"

    def failed(self, failure: Failure) -> Iterator[Any]:
        """It has not."""
        request: Request = failure.request  # type: ignore[attr-defined]
        self.ends[request.url] = f"{failure.type.__name__}: {failure.value.reason}"  # type: ignore[union-attr]
        return iter(())


def crawl(
    addresses: Sequence[str], asked: Sequence[tuple[str, dict[str, Any], Kind]], pages: str
) -> list[dict[str, str]]:
    """How all ended with the scanner at each address; runs in a process without a reactor."""
    process = AsyncCrawlerProcess({"LOG_LEVEL": "WARNING", "TELNETCONSOLE_ENABLED": False})
    crawlers = []
    for address in addresses:
        values = {
            "VIRUS_SCAN": "required",
            "VIRUS_SCAN_PAGES": pages,
            "CLAMD_ADDRESS": address,
            "CLAMD_TIMEOUT_SECONDS": 30.0,
            "CLAMD_SCANS": 2,
            "DOWNLOADER_MIDDLEWARES": {"alonchat_crawl.policies.scan.policy.ScanPolicy": 585},
            "RETRY_ENABLED": False,
        }
        crawlers.append(process.create_crawler(type("Own", (Asking,), {"custom_settings": values})))
        process.crawl(crawlers[-1], asked=asked)
    process.start()
    return [crawler.spider.ends for crawler in crawlers]  # type: ignore[union-attr]


INFECTED = "GiveUp: infected"
WAITS, AGAIN = "Deferred: scanner unreachable", "Retry: scanner unreachable"


@pytest.mark.parametrize(
    ("pages", "there", "away", "asked_while_away"),
    [
        (
            "none",
            ["passed", INFECTED, "passed", INFECTED, "passed"],
            [WAITS, WAITS, AGAIN, AGAIN, "passed"],
            3,
        ),
        ("files", ["passed", INFECTED, "passed", INFECTED, INFECTED], [WAITS] * 5, 0),
    ],
)
def test_crawl(clamd: OwnClamd, pages: str, there: list[str], away: list[str], asked_while_away: int) -> None:
    """In Scrapy's own engine: what is clean arrives; with clamd away what must be scanned is not asked."""
    pdf, html = "application/pdf", "text/html"
    routes = {
        "/clean.pdf": Answer(PDF, pdf),
        "/eicar.pdf": Answer(in_pdf(EICAR), pdf),
        "/linked.pdf": Answer(zipped(PDF), pdf),
        "/linked-eicar.pdf": Answer(zipped(EICAR), html),
        "/page": Answer(EICAR, html),
    }
    with (
        Site(dict(routes)).serving() as site,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor,
    ):
        asked = [
            (f"{site.url}{path}", UPLOAD if number < 2 else WEB_FILES, Kind.FILE if number < 2 else Kind.PAGE)
            for number, path in enumerate(routes)
        ]
        ends = executor.submit(crawl, (clamd.address, NOWHERE), asked, pages).result(60)
        times = len(site.paths)
    assert [[one[url] for url, _, _ in asked] for one in ends] == [there, away]
    assert times == 5 + asked_while_away


@pytest.mark.parametrize(("pages", "starts"), [("none", True), ("files", False), ("all", False)])
def test_a_site_with_files_starts_only_with_a_scanner(pages: str, *, starts: bool) -> None:
    """At a terminal a crawl of which nothing could be read does not begin."""
    values = {"VIRUS_SCAN": "required", "CLAMD_ADDRESS": NOWHERE, "VIRUS_SCAN_PAGES": pages}
    crawler = Crawler(WebsiteSpider, project_settings(**values))
    if starts:
        assert WebsiteSpider.from_crawler(crawler, url="https://a.example/", files="true").seed is not None
    else:
        with pytest.raises(StartupError, match="Files cannot be scanned"):
            WebsiteSpider.from_crawler(crawler, url="https://a.example/", files="true")
    if pages != "all":
        assert WebsiteSpider.from_crawler(crawler, url="https://a.example/").seed is not None
