"""A file may be read only if clamd answers exactly that it is clean."""

import asyncio
import io
import logging
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from time import monotonic, perf_counter
from typing import Self

from scrapy.crawler import Crawler
from scrapy.settings import BaseSettings
from scrapy.signalmanager import SignalManager

from alonchat_crawl.errors import Deferred, GiveUp, Retry, StartupError
from alonchat_crawl.per_crawler import PerCrawler
from alonchat_crawl.policies.scan.clamd import Clamd, NoVerdictError, ScanFinding, ScanVerdict
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sandbox.work_slots import WorkSlots
from alonchat_crawl.signals import stage_finished

logger = logging.getLogger(__name__)

WAIT_SECONDS = 30.0
"""Wait before a file is tried again that was not sent because clamd was away."""
RETRY_SECONDS = 60.0
"""Wait before a file without a verdict is sent again. Five attempts outlast clamd's loading its database."""
BELIEVED_SECONDS = 3.0
"""How long the last check of clamd counts for all files, whether or not clamd answered."""
PROOF_SECONDS = 300.0
"""How often clamd must find the test files; after any failure, it must do so at once."""

# In two parts, so that no scanner finds a virus in this source file.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The test file that every scanner knows (eicar.org, "Intended use")."""
NESTED = 101
"""Archives inside each other: more than clamd opens (clamd.conf(5): MaxRecursion is at most 100)."""

_REASONS = {
    ScanVerdict.INFECTED: (Reason.INFECTED, "a virus was found in it"),
    ScanVerdict.TOO_LARGE: (Reason.SCAN_TOO_LARGE, "it is larger than the virus scanner looks at"),
    ScanVerdict.ENCRYPTED: (
        Reason.FILE_ENCRYPTED,
        "it is encrypted, so the virus scanner cannot look into it",
    ),
}


@cache
def nested_archive() -> bytes:
    """The EICAR file inside NESTED archives: clamd cannot reach it, and must not answer `OK`."""
    body = EICAR
    for _ in range(NESTED):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(zipfile.ZipInfo("a"), body)
        body = packed.getvalue()
    return body


class Scanner(PerCrawler):
    """Scans files with clamd, several at a time. Without a clamd (VIRUS_SCAN=off) every file passes."""

    def __init__(self, clamd: Clamd | None, *, at_once: int, signals: SignalManager | None = None) -> None:
        self._clamd = clamd
        self._signals = signals
        self._room = WorkSlots(at_once)
        self._asking = asyncio.Lock()
        self._fault: NoVerdictError | None = None
        self._believed_until = self._proved_until = 0.0
        self._has_warned = False

    @classmethod
    def from_settings(cls, settings: BaseSettings, signals: SignalManager | None = None) -> Self:
        """Read VIRUS_SCAN and the CLAMD_ settings. Raises StartupError."""
        clamd = None
        # By default, only a trial runs without a scanner. A DATABASE_URL means that it is no trial.
        if (settings["VIRUS_SCAN"] or ("required" if settings["DATABASE_URL"] else "off")) != "off":
            address = settings["CLAMD_ADDRESS"]
            try:
                clamd = Clamd(address, settings.getfloat("CLAMD_TIMEOUT_SECONDS"))
            except ValueError as error:
                raise StartupError(f"CLAMD_ADDRESS={address} cannot be used: {error}.") from None
        return cls(clamd, at_once=settings.getint("CLAMD_SCANS"), signals=signals)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the settings; report the duration of scans by a signal. Raises StartupError."""
        return cls.from_settings(crawler.settings, crawler.signals)

    @property
    def required(self) -> bool:
        """Whether files must be scanned before they are read."""
        return self._clamd is not None

    async def ready(self) -> None:
        """Check that clamd answers and finds viruses. Raises Deferred, with a wait, while it does not."""
        if self._clamd is None:
            return
        async with self._asking:
            proof_is_due = self._fault is None and monotonic() >= self._proved_until
            if proof_is_due or monotonic() >= self._believed_until:
                self._fault = await self._ask(self._clamd)
                self._believed_until = monotonic() + BELIEVED_SECONDS
        if self._fault is not None:
            raise Deferred(self._fault.reason, self._fault.detail, WAIT_SECONDS)

    async def _ask(self, clamd: Clamd) -> NoVerdictError | None:
        try:
            await clamd.ping()
            if monotonic() >= self._proved_until:
                await _prove(clamd)
                self._proved_until = monotonic() + PROOF_SECONDS
        except NoVerdictError as fault:
            self._proved_until = 0.0
            return fault
        return None

    async def scan(self, body: bytes) -> None:
        """Return only if clamd found nothing in a file.

        Raises GiveUp if the file is at fault; Retry if it may be, so that a file that crashes clamd is not
        sent for ever; Deferred if clamd was away before the file was sent.
        """
        if self._clamd is None:
            if not self._has_warned:
                logger.warning("VIRUS_SCAN is off: files are not scanned for viruses.")
                self._has_warned = True
            return
        began = perf_counter()
        try:
            async with self._room.slot(len(body)):
                await self.ready()
                _judge(await self._finding(self._clamd, body))
        finally:
            if self._signals is not None:
                seconds = perf_counter() - began
                self._signals.send_catch_log(stage_finished, stage="scan", seconds=seconds)

    async def _finding(self, clamd: Clamd, body: bytes) -> ScanFinding:
        try:
            finding = await clamd.scan(body)
        except NoVerdictError as fault:
            self._believed_until = self._proved_until = 0.0  # check clamd again before the next file
            if fault.by_file:
                raise Retry(fault.reason, fault.detail, RETRY_SECONDS) from fault
            raise Deferred(fault.reason, fault.detail, WAIT_SECONDS) from fault
        self._believed_until = max(self._believed_until, monotonic() + BELIEVED_SECONDS)
        return finding


def _judge(finding: ScanFinding) -> None:
    if finding.verdict is not ScanVerdict.CLEAN:
        reason, detail = _REASONS[finding.verdict]
        raise GiveUp(reason, f"{detail} ({finding.name})")


async def _prove(clamd: Clamd) -> None:
    """Raise NoVerdictError if clamd finds no viruses, or answers `OK` for content that it has not scanned."""
    if (await clamd.scan(EICAR)).verdict is not ScanVerdict.INFECTED:
        raise NoVerdictError(
            Reason.SCANNER_ERROR,
            f"clamd at {clamd.address} does not know the EICAR test file: load a database",
        )
    if (await clamd.scan(nested_archive())).verdict is ScanVerdict.CLEAN:
        detail = f"clamd at {clamd.address} passes what it has not scanned: set AlertExceedsMax yes"
        raise NoVerdictError(Reason.SCANNER_ERROR, detail)


def check_scanner(settings: BaseSettings) -> None:
    """Check that clamd, if VIRUS_SCAN requires it, answers and finds viruses. Raises StartupError."""
    with ThreadPoolExecutor(1) as thread:  # a thread has no event loop yet; this one may have
        try:
            thread.submit(lambda: asyncio.run(Scanner.from_settings(settings).ready())).result()
        except Deferred as error:
            raise StartupError(
                f"Files cannot be scanned: {error.detail}; start it with deploy/clamd.conf there, "
                "or correct CLAMD_ADDRESS."
            ) from None
