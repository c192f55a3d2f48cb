"""clamd's protocol, with a real clamd and with servers that lie."""

import asyncio
import io
import signal
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator

import pytest

from alonchat_crawl.policies.scan.clamd import (
    PIECE_BYTES,
    Clamd,
    NoVerdictError,
    ScanFinding,
    ScanVerdict,
    _pieces,
)
from alonchat_crawl.policies.scan.scanner import EICAR
from tests.sites.dishonest_clamd import (
    Speak,
    answers,
    answers_early,
    closes,
    drips,
    hangs,
    resets,
    says_nothing,
    serving,
    stays,
)
from tests.support.clamd import OwnClamd

CLEAN, FOUND = b"stream: OK\0", b"stream: Eicar FOUND\0"
LIMIT = b"INSTREAM size limit exceeded. ERROR\0"
LARGE = bytes(3_000_000)
"""More than the sockets between hold."""


def zipped(body: bytes, *, times: int = 1) -> bytes:
    """A body in archives, one in another."""
    for _ in range(times):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("file", body)
        body = packed.getvalue()
    return body


def locked(archive: bytes) -> bytes:
    """An archive that says of its one member that it is encrypted."""
    changed = bytearray(archive)
    changed[6] |= 1
    changed[changed.rindex(b"PK\1\2") + 8] |= 1
    return bytes(changed)


def in_pdf(stream: bytes, entries: bytes = b"") -> bytes:
    """A PDF with a stream object."""
    return (
        b"%%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
        b"2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
        b"3 0 obj\n<</Length %d%s>>\nstream\n%s\nendstream\nendobj\ntrailer\n<</Root 1 0 R>>\n%%%%EOF\n"
        % (len(stream), entries, stream)
    )


FILES = [
    ("empty", b"", ScanVerdict.CLEAN),
    ("text", b"Words.", ScanVerdict.CLEAN),
    ("an archive of text", zipped(b"Words."), ScanVerdict.CLEAN),
    ("a PDF of text", in_pdf(zlib.compress(b"Words."), b"/Filter/FlateDecode"), ScanVerdict.CLEAN),
    ("EICAR", EICAR, ScanVerdict.INFECTED),
    ("EICAR zipped", zipped(EICAR), ScanVerdict.INFECTED),
    ("EICAR zipped four times", zipped(EICAR, times=4), ScanVerdict.INFECTED),
    ("EICAR in a PDF", in_pdf(EICAR), ScanVerdict.INFECTED),
    ("EICAR compressed in a PDF", in_pdf(zlib.compress(EICAR), b"/Filter/FlateDecode"), ScanVerdict.INFECTED),
    ("EICAR in a PDF in an archive", zipped(in_pdf(EICAR)), ScanVerdict.INFECTED),
    ("EICAR deeper than clamd looks", zipped(EICAR, times=30), ScanVerdict.TOO_LARGE),
    ("an encrypted archive", locked(zipped(b"Words.")), ScanVerdict.ENCRYPTED),
]


async def test_files(clamd: OwnClamd) -> None:
    """EICAR is caught however it is packed, by both kinds of sockets; what is not looked at is not clean."""
    for address in (clamd.address, clamd.tcp_address):
        client = Clamd(address, 30.0)
        await client.ping()
        findings = await asyncio.gather(*(client.scan(body) for _, body, _ in FILES))
        assert [(name, finding.verdict) for (name, _, _), finding in zip(FILES, findings, strict=True)] == [
            (name, verdict) for name, _, verdict in FILES
        ]
        assert {finding.name for finding in findings if finding.verdict is ScanVerdict.INFECTED} == {
            "Eicar-Test-Signature.UNOFFICIAL"
        }


async def test_stream_limit(stopped_clamd: OwnClamd) -> None:
    """A file over StreamMaxLength is told from a broken connection, wherever in it clamd stops reading."""
    stopped_clamd.start("StreamMaxLength 1M")
    for address in (stopped_clamd.address, stopped_clamd.tcp_address):
        client = Clamd(address, 30.0)
        for size in (1 << 20, (1 << 20) + 1, 3 << 20, 30 << 20):
            expected = (
                ScanFinding(ScanVerdict.TOO_LARGE, "StreamMaxLength")
                if size > 1 << 20
                else ScanFinding(ScanVerdict.CLEAN)
            )
            assert await client.scan(bytes(size)) == expected


async def test_stopped_frozen_restarted(clamd: OwnClamd) -> None:
    """Away and silent are two faults; a clamd that is back on its socket is asked as before."""
    client, impatient = Clamd(clamd.address, 30.0), Clamd(clamd.address, 0.2)
    assert (await client.scan(EICAR)).verdict is ScanVerdict.INFECTED

    clamd.freeze()
    scanning = asyncio.create_task(client.scan(LARGE))
    for ask in (impatient.ping(), impatient.scan(b""), impatient.scan(LARGE)):
        with pytest.raises(NoVerdictError) as fault:
            await ask
        assert fault.value.reason == "scanner timeout"
    clamd.thaw()
    assert (await scanning).verdict is ScanVerdict.CLEAN

    clamd.freeze()
    scanning = asyncio.create_task(client.scan(LARGE))
    await asyncio.sleep(0.05)
    clamd.stop(signal.SIGKILL)
    with pytest.raises(NoVerdictError) as fault:
        await scanning
    assert (fault.value.reason, fault.value.by_file) == ("scanner unreachable", True)
    for ask in (client.ping(), client.scan(b""), Clamd(clamd.tcp_address, 30.0).scan(b"")):
        with pytest.raises(NoVerdictError) as fault:
            await ask
        assert (fault.value.reason, fault.value.by_file) == ("scanner unreachable", False)

    clamd.start()
    assert (await client.scan(EICAR)).verdict is ScanVerdict.INFECTED


async def test_large_file(clamd: OwnClamd, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file is not copied in this process, and others get their turn between any two pieces of it."""
    body = bytes(30_000_000)
    turns: list[int] = [0]
    """The others', before each piece and since."""

    def counted(whole: bytes) -> Iterator[memoryview]:
        for piece in _pieces(whole):
            turns.append(0)
            yield piece

    async def others() -> None:
        while len(turns) <= len(body) / PIECE_BYTES:
            turns[-1] += 1
            await asyncio.sleep(0)

    monkeypatch.setattr("alonchat_crawl.policies.scan.clamd._pieces", counted)
    task = asyncio.create_task(others())
    tracemalloc.start()
    try:
        finding = await Clamd(clamd.address, 60.0).scan(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    await task
    assert finding.verdict is ScanVerdict.CLEAN
    assert peak < 1_000_000
    assert len(turns) > 200
    assert all(turns[1:220])


@pytest.mark.parametrize(
    ("speak", "body", "outcome"),
    [
        # Honest ones: the table can tell.
        (answers(CLEAN), LARGE, ScanVerdict.CLEAN),
        (answers(b"stre", b"am: O", b"K\0"), LARGE, ScanVerdict.CLEAN),
        (answers(FOUND), LARGE, ScanVerdict.INFECTED),
        (answers_early(LIMIT), LARGE, ScanVerdict.TOO_LARGE),
        (answers_early(LIMIT, hang_up=True), LARGE, ScanVerdict.TOO_LARGE),
        # Answers that are none.
        (answers(b"stream: OK"), LARGE, "scanner error"),
        (answers(b"stream: O"), b"small", "scanner error"),
        (answers(b"stream: OK\n"), b"small", "scanner error"),
        (answers(CLEAN, CLEAN), b"small", "scanner error"),
        (answers(CLEAN, FOUND), b"small", "scanner error"),
        (answers(CLEAN, b"\0"), b"small", "scanner error"),
        (answers(b"stream: Eicar OK\0"), b"small", "scanner error"),
        (answers(b"\xff\0\n" * 2000), b"small", "scanner error"),
        (answers(CLEAN * 1_000_000), b"small", "scanner error"),
        (answers(b"stream: OK" + b" " * 10_000_000 + b"\0"), b"small", "scanner error"),
        (answers(b"INSTREAM: Can't write to temporary file. ERROR\0"), b"small", "scanner error"),
        # Answers of those who have not read all.
        (answers_early(CLEAN), LARGE, "scanner error"),
        (answers_early(CLEAN, hang_up=True), LARGE, None),
        (answers_early(FOUND), LARGE, "scanner error"),
        (resets, LARGE, None),
        (hangs, LARGE, None),
        # No answers.
        (answers(b""), LARGE, "scanner unreachable"),
        (closes, LARGE, "scanner unreachable"),
        (closes, b"small", "scanner unreachable"),
        (says_nothing, LARGE, "scanner timeout"),
        (says_nothing, b"", "scanner timeout"),
        (drips, b"small", "scanner timeout"),
        (stays, b"small", "scanner timeout"),
    ],
)
async def test_dishonest(speak: Speak, body: bytes, outcome: ScanVerdict | str | None) -> None:
    """Nothing but a whole file's whole answer is clean; None: which fault it is depends on who is quicker."""
    seconds = 0.2 if outcome in {None, "scanner timeout"} else 30.0

    async def scan(address: str) -> None:
        if isinstance(outcome, ScanVerdict):
            assert (await Clamd(address, seconds).scan(body)).verdict is outcome
            return
        with pytest.raises(NoVerdictError) as fault:
            await Clamd(address, seconds).scan(body)
        assert fault.value.by_file
        assert outcome in {None, fault.value.reason}

    async with serving(speak) as addresses:
        await asyncio.gather(*map(scan, addresses))


@pytest.mark.parametrize("answer", [b"PONG", b"PONG\n", b"PING\0", b"PONG\0PONG\0", bytes(10_000)])
async def test_no_pong(answer: bytes) -> None:
    """A server that does not speak the protocol is no scanner."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zPING\0"
        writer.write(answer)

    async with serving(speak) as addresses:
        for address in addresses:
            with pytest.raises(NoVerdictError) as fault:
                await Clamd(address, 5.0).ping()
            assert fault.value.reason == "scanner error"
