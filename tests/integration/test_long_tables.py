"""Tables of any size go through the sandbox as the settings have it, and end as text with a note."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from alonchat_crawl import settings
from alonchat_crawl.extract.description import Description
from alonchat_crawl.extract.document import Document
from alonchat_crawl.extract.files.read import FileContents
from alonchat_crawl.items import Chunk
from alonchat_crawl.sandbox.pool import Sandbox, typed

pytestmark = pytest.mark.slow

MIB = 1 << 20
ROW = b'%d,"tea, green",3.50,2026-01-02,a_b*c <b>|x</b>,https://e.example/%d\n'


def rows(size: int, end: bytes = b"\n") -> bytes:
    """A table of many columns that has so many bytes."""
    block = b"".join(ROW % (number, number) for number in range(10_000))
    return (b"no,what,price,day,odd,where\n" + block * (size // len(block) + 1))[:size].replace(b"\n", end)


LONG: dict[str, Callable[[], bytes]] = {
    "the largest file": lambda: rows(100 * MIB),
    "carriage returns": lambda: rows(4 * MIB, b"\r"),
    "short rows": lambda: b"b,c\n" * MIB,
    "one column": lambda: b"a line\n" * (MIB // 2),
    "wide characters": lambda: b"a,b\n" + "\U0001f600,tea\n".encode() * (MIB // 2),
    "10,000 columns": lambda: b"\n".join([b",".join([b"x%d" % number for number in range(10_000)])] * 100),
    "a cell of 20 MB": lambda: b"a,b\n1," + b"word " * (4 * MIB),
    "a quoted cell of 4 MB": lambda: b'a,b\n1,"' + b"a word\n" * (MIB // 2) + b'"\n',
    "quotes that are never closed": lambda: rows(MIB) + b'1,"' + rows(12 * MIB).replace(b'"', b""),
    "quotes only": lambda: b"a,b\n" + b'"' * (20 * MIB),
    "delimiters only": lambda: b"a,b\n" + b"," * (20 * MIB),
    "blank lines": lambda: b"a,b\n" + b"\n" * (9 * MIB),
    "zeros": lambda: b"a,b\n" * 2000 + b"\0" * (20 * MIB) + b"\n1,2\n",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    """One parser, which takes one table after the other, as a worker's does."""
    running = Sandbox(1, settings.environment.PARSER_MEMORY_MB, settings.environment.PARSER_SECONDS)
    yield running
    await running.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("what", LONG)
async def test_a_long_table_is_taken_in(sandbox: Sandbox, what: str) -> None:
    """Neither its time nor its memory runs out, from its bytes to its chunks; what is left out is told."""

    async def run(task: str, kind: Any, **arguments: Any) -> Any:
        return typed(kind, await sandbox.run(task, **arguments))

    body = LONG[what]()
    taken = await run(
        "read_contents", FileContents, body=body, name="x.csv", max_chars=settings.FILE_MAX_CHARS
    )
    file = taken.file
    page = {"media_type": file.media_type, "text": file.text, "written": file.written, "note": file.note}
    document = await run("extract", Document, url="https://e.example/x.csv", **page)
    markdown = document.extracted.markdown
    await run("describe", Description, markdown=markdown)
    chunks = await run("chunk", tuple[Chunk, ...], markdown=markdown, title="", capacity=4096, minimum=200)
    assert markdown.startswith(("| ", "a line"))
    assert "… cut after " in markdown or what == "zeros"
    assert file.left_out or what == "zeros"
    assert "".join(markdown.split()) == "".join(
        "".join(markdown[each.start : each.end] for each in chunks).split()
    )
