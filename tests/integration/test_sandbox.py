"""What strangers wrote can do to its parser, and to nobody else."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from alonchat_crawl.errors import GiveUp, Outage
from alonchat_crawl.extract.chunks.chunking import chunk
from alonchat_crawl.extract.description import Description, describe
from alonchat_crawl.extract.document import Document, extract_document
from alonchat_crawl.extract.read_page import ReadPage, read_page
from alonchat_crawl.items import Chunk
from alonchat_crawl.sandbox import pool, process, wire
from alonchat_crawl.sandbox.pool import Sandbox, typed
from alonchat_crawl.sandbox.process import ENVIRONMENT
from tests.support import sandbox_pages, sandbox_tasks

MEMORY_MB = 256
SECONDS = 0.8
RUBBISH = "parser crash: Its parser answered what it must not"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox of two processes that runs the tests' tasks."""
    others = psutil.Process().children()  # of the tests' servers
    sandbox = Sandbox(2, MEMORY_MB, SECONDS, sandbox_tasks.HERE)
    yield sandbox
    await sandbox.close()
    left = [child for child in psutil.Process().children() if child not in others]
    assert left == [], "no process is left, not even a dead one"


async def reason(sandbox: Sandbox, task: str, arguments: dict[str, Any]) -> str:
    """Return why a task was given up."""
    with pytest.raises(GiveUp) as caught:
        await sandbox.run(task, **arguments)
    return f"{caught.value.reason}: {caught.value.detail}"


LOST: list[tuple[str, dict[str, Any], str]] = [
    ("read_null", {}, "parser crash: Its parser ended with SIGSEGV."),
    ("abort", {}, "parser crash: Its parser ended with SIGABRT."),
    ("leave", {"code": 0}, "parser crash: Its parser ended with exit code 0."),
    ("leave", {"code": 3}, "parser crash: Its parser ended with exit code 3."),
    ("killed", {}, "parser memory: The system had no memory left to parse it."),
    ("spin", {"obstinate": True}, "parser timeout: Parsing it took too long."),
    ("sleep", {}, "parser timeout: Parsing it took too long."),
    ("recurse", {}, "parser crash: Its parser raised RecursionError."),
    ("unsendable", {}, "parser crash: Its parser raised TypeError."),
    ("many_nodes", {}, f"{RUBBISH}: more than 2000000 nodes."),
    (
        "write_raw",
        {"data": b"\xff" * 64},
        f"{RUBBISH}: 4294967295 bytes.",
    ),
    (
        "write_raw",
        {"data": b"\0\0\0\2\xc1\xc1"},
        f"{RUBBISH}: FormatError.",
    ),
    (
        "write_raw",
        {"data": b"\0\0\0\1\x90"},
        f"{RUBBISH}: ValueError.",
    ),
    ("write_raw", {"data": b"", "close": True}, "parser crash: Its parser closed its socket."),
    ("no such task", {}, "parser crash: Its parser raised KeyError."),
    ("give_up", {}, "file malformed: Its table is short."),
]


TOO_MUCH = "parser memory: Parsing it took too much memory."
RAN_OUT = "parser memory: Its parser ran out of memory and ended with"
OUT_OF_MEMORY: list[tuple[str, dict[str, Any], str]] = [
    ("allocate", {}, TOO_MUCH),
    ("allocate", {"native": True}, f"{RAN_OUT} SIGSEGV."),
    ("allocate_new", {}, f"{RAN_OUT} SIGABRT."),
    ("allocate_rust", {}, f"{RAN_OUT} SIGABRT."),
    ("allocate_array", {}, TOO_MUCH),
    ("parse", {}, TOO_MUCH),
    ("translate", {"reasoned": False}, TOO_MUCH),
    ("translate", {"reasoned": True}, TOO_MUCH),
    ("translate", {"reasoned": True, "known": True}, "file malformed: Its table is short."),
    ("too_long", {}, TOO_MUCH),
]


@pytest.mark.parametrize(("task", "arguments", "said"), OUT_OF_MEMORY)
async def test_want_of_memory(task: str, arguments: dict[str, Any], said: str) -> None:
    """However a library takes it that there is no memory, the reason is that, and not a crash."""
    sandbox = Sandbox(1, MEMORY_MB, 20, sandbox_tasks.HERE)
    assert await reason(sandbox, task, arguments) == said
    assert await reason(sandbox, "read_null", {}) == "parser crash: Its parser ended with SIGSEGV."
    await sandbox.close()


def test_no_frame_begins_as_last_words_do() -> None:
    """A dying process is told from a reply by four bytes."""
    (size,) = wire.HEAD.unpack(wire.DYING[: wire.HEAD.size])
    assert size > max(wire.REPLY_MAX_BYTES, process.START_ERROR_MAX_BYTES)


async def test_lost_tasks(sandbox: Sandbox) -> None:
    """Each way to end a parser has its reason, and costs the neighbours nothing."""
    async with asyncio.TaskGroup() as group:
        lost = [group.create_task(reason(sandbox, task, arguments)) for task, arguments, _ in LOST]
        kept = [group.create_task(sandbox.run("echo", value=number)) for number in range(100)]
    assert [task.result() for task in lost] == [said for _, _, said in LOST]
    assert [task.result() for task in kept] == list(range(100))


@pytest.mark.parametrize("spelling", ["http 404", "robots unreachable", "", "made up", "x" * 9999, "\udc80"])
async def test_a_parser_gives_no_reason_but_its_own(sandbox: Sandbox, spelling: str) -> None:
    """One that was taken over cannot call a page gone, nor make up labels without end."""
    said = await reason(sandbox, "make_up_a_reason", {"spelling": spelling})
    assert said == f"parser crash: Its parser gave a reason that is none of its own: {spelling[:100]!r}."


async def test_time_of_the_processor(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    """On a machine that is busy with other things, what counts is the time that the parser itself takes."""
    monkeypatch.setattr(process, "WALL_SHARE", 100)
    said = await reason(sandbox, "spin", {})
    assert said == "parser timeout: Parsing it took too much time of the processor."
    assert await sandbox.run("echo", value=1) == 1


async def test_what_it_may_not(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, tmp_path: Path) -> None:
    """A parser that was taken over knows no secret, reaches no server and leaves no file or process."""
    monkeypatch.setenv("PARSER_SECRET", "hunter2")
    secret, written, own = tmp_path / ".env", tmp_path / "written", os.getpid()
    secret.write_text("PASSWORD=hunter2")
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.setblocking(False)  # noqa: FBT003
        refused: list[tuple[str, dict[str, Any]]] = [
            ("write", {"path": str(written)}),
            ("write", {"path": str(secret)}),
            ("read", {"path": str(secret)}),
            ("read", {"path": f"/proc/{own}/environ"}),
            ("read", {"path": "/etc/passwd"}),
            ("connect", {"port": canary.getsockname()[1]}),
            ("send_signal", {"process": own}),
            ("execute", {}),
            ("fork", {}),
        ]
        for task, arguments in refused:
            said = await reason(sandbox, task, arguments)
            assert said == "parser crash: Its parser raised PermissionError.", (task, arguments)
        with pytest.raises(BlockingIOError):
            canary.accept()
    assert not written.exists()
    assert secret.read_text() == "PASSWORD=hunter2"
    assert await sandbox.run("environment") == ENVIRONMENT
    assert "hunter2" not in " ".join(psutil.Process(await sandbox.run("pid")).cmdline())


async def test_output_goes_nowhere(sandbox: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    """A parser that prints neither blocks nor spoils the worker's log."""
    assert await sandbox.run("flood") == "done"
    assert capfd.readouterr() == ("", "")


async def test_cancelled(sandbox: Sandbox) -> None:
    """A task that nobody waits for any more costs its process; no later task gets its answer."""
    one = await sandbox.run("pid")
    task = asyncio.create_task(sandbox.run("sleep"))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    answers = await asyncio.gather(*(sandbox.run("echo", value=number) for number in range(20)))
    assert answers == list(range(20))
    assert await sandbox.run("pid") != one


async def test_processes(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    """One process serves while one is enough; one that has grown or served long is replaced."""
    monkeypatch.setattr(pool, "TASKS_MAX", 5)
    pids = [await sandbox.run("pid") for _ in range(10)]
    assert len(set(pids[:5])) == len(set(pids[5:])) == 1
    assert len(set(pids)) == 2
    grown = await sandbox.run("keep", megabytes=MEMORY_MB // 2)
    assert await sandbox.run("pid") != grown


async def test_it_does_not_start() -> None:
    """Where no parser can be started, no page is at fault: all wait."""
    sandbox = Sandbox(1, MEMORY_MB, SECONDS, "no.such.table")
    with pytest.raises(Outage) as caught:
        await sandbox.run("echo", value=1)
    assert caught.value.reason == "parser start"
    await sandbox.close()


WORKER = f"""
import asyncio
from alonchat_crawl.sandbox.pool import Sandbox

async def main():
    sandbox = Sandbox(1, 256, 600, {sandbox_tasks.HERE!r})
    print(await sandbox.run("pid"), flush=True)
    await sandbox.run("spin")

asyncio.run(main())
"""


def test_a_killed_worker_leaves_no_parser() -> None:
    """A parser dies with its worker, even in the middle of a task that never ends."""
    with subprocess.Popen([sys.executable, "-c", WORKER], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        parser = psutil.Process(int(worker.stdout.readline()))
        while parser.cpu_times().user < 0.3:
            time.sleep(0.01)
        worker.send_signal(signal.SIGKILL)
    parser.wait(10)


async def test_pages() -> None:
    """What every page needs runs there as it runs here, and without Scrapy."""
    sandbox = Sandbox(1, 512, 10, sandbox_pages.HERE)
    html = (
        f"<title>T</title><meta name=date content=2024-03-01><main><h1>H</h1><p>{'Some text. ' * 500}</main>"
    )
    url = "https://a.example/"
    read = await sandbox.run(
        "read_page", body=html.encode(), media_type="text/html", header="", url=url, max_links=10
    )
    assert typed(ReadPage, read) == read_page(html.encode(), "text/html", "", url, 10)
    document = typed(
        Document, await sandbox.run("extract", media_type="text/html", text=read["text"], url=url)
    )
    assert document == extract_document("text/html", html, url)
    markdown = document.extracted.markdown
    assert typed(Description, await sandbox.run("describe", markdown=markdown)) == describe(markdown)
    chunks = await sandbox.run("chunk", markdown=markdown, title="T", capacity=2048, minimum=200)
    assert typed(tuple[Chunk, ...], chunks) == chunk(markdown, "T", 2048, 200)
    contents = await sandbox.run("read_contents", body=b"# H\n\nText.", name="a.md", max_chars=1000)
    assert contents["file"]["text"] == "# H\n\nText."
    assert await sandbox.run("imported") == []
    await sandbox.close()


def test_what_is_no_result() -> None:
    """What a parser that was taken over sends in place of a result is no result."""
    with pytest.raises(GiveUp) as caught:
        typed(ReadPage, {"text": 1, "found": None})
    assert caught.value.reason == "parser crash"


async def test_what_waits_for_its_turn_is_not_copied(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker may hold many large files: each is packed once a process can take it."""
    packed: list[Any] = []
    pack = wire.pack

    def noted(frame: Any) -> bytes:
        packed.append(frame)
        return pack(frame)

    monkeypatch.setattr(wire, "pack", noted)
    waiting = [asyncio.create_task(reason(sandbox, "sleep", {})) for _ in range(3)]
    await asyncio.sleep(0.1)
    assert len(packed) == 2, "as many as there are processes"
    await asyncio.gather(*waiting)
    assert len(packed) == 3
