"""Embedding: each backend beside SentenceTransformer.encode, over the same windows of Python's documentation.

A bare process (the baseline) and a process for each backend embed the same windows in turns, a round after
the other, on all cores; a backend gets as many at once as the crawler gives it. Their vectors are compared
with the baseline's by cosine. Then the real stage embeds without pause while a coroutine beside it sleeps
a millisecond at a time: what it oversleeps is the event loop's lag; the baseline is the idle loop's.
Last, the event loop's own share: milliseconds of cutting and tokenising a page.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np

from alonchat_crawl.embedding import BUNDLED_MODEL, Embedder
from alonchat_crawl.settings import EMBEDDING_BATCH_WINDOWS, WINDOW_TOKENS
from tests.benchmarks.bench import Bench
from tests.benchmarks.embedding_pages import documentation
from tests.benchmarks.embedding_process import BASELINE, Answer, Process
from tests.benchmarks.results import Row

BACKENDS = ("torch", "onnx", "onnx-int8", "static")
BUILT = BACKENDS[1:]
LAG_BACKENDS = ("torch", "onnx-int8", "static")
PAGES = 24
WINDOWS = 256
ROUNDS = 5
LAG_SECONDS = 15
ENCODE = "SentenceTransformer.encode alone"
FIRST = "a bare process embeds one text"
IDLE = "the same loop while nothing is embedded"


class Measured(NamedTuple):
    """What one backend took."""

    first_seconds: list[float]
    """From the start of the process to the vector of one text."""
    answers: list[Answer]


def measure(bench: Bench) -> Iterator[Row]:
    """Yield builds, starts, rates, cosines, memory, the loop's lag, and the cost of cutting."""
    pages = documentation(PAGES)
    models = bench.folder / "models"
    for backend in BUILT:
        bench.say(f"embedding: building {backend} …")
        with Process.running(backend, models, bench.folder, bench.environment) as process:
            yield Row(f"{backend}: built and loaded", "s", [_first(process)])
    embedder = Embedder(BUNDLED_MODEL, "onnx", WINDOW_TOKENS, EMBEDDING_BATCH_WINDOWS, models)
    cuts = [[embedder.cut(title, path, content) for path, content in chunks] for title, chunks in pages]
    windows = [text for page in cuts for cut in page for text in cut.windows]
    chosen = windows[:: max(1, len(windows) // WINDOWS)][:WINDOWS]
    yield from _backends(bench, models, chosen[: WINDOWS // 4] if bench.quick else chosen)
    for backend in LAG_BACKENDS:
        yield from _lag(bench, backend, models, pages)
    milliseconds = [_cut_ms(embedder, *page) for _ in bench.rounds(ROUNDS) for page in pages]
    yield Row("cutting and tokenising a page of documentation", "ms", milliseconds)
    kilobytes = sum(len(content.encode()) for _, chunks in pages for _, content in chunks) / len(pages) / 1024
    yield Row("its size", "KiB", [kilobytes])


def _first(process: Process) -> float:
    """Return the seconds until it has embedded one text; it was started just now."""
    began = time.monotonic()
    process.embed(["How do I reset my password?"])
    return time.monotonic() - began


def _backends(bench: Bench, models: Path, windows: Sequence[str]) -> Iterator[Row]:
    measured = {backend: Measured([], []) for backend in (BASELINE, *BACKENDS)}
    for number in bench.rounds(3):
        for backend, found in measured.items():  # one after the other, each with the machine to itself
            with Process.running(backend, models, bench.folder, bench.environment) as process:
                found.first_seconds.append(_first(process))
        bench.say(f"embedding: start {number + 1}")
    with ExitStack() as stack:
        running = {
            backend: stack.enter_context(Process.running(backend, models, bench.folder, bench.environment))
            for backend in measured
        }
        for process in running.values():
            process.embed(windows[:64])
        for number in bench.rounds(ROUNDS):
            for backend, process in running.items():
                measured[backend].answers.append(process.embed(windows))
            bench.say(f"embedding: round {number + 1}")
    yield from _rows(measured, len(windows))


def _rows(measured: Mapping[str, Measured], windows: int) -> Iterator[Row]:
    bare = measured[BASELINE]
    bare_rates = [windows / answer.seconds for answer in bare.answers]
    for backend in BACKENDS:
        first_seconds, answers = measured[backend]
        rates = [windows / answer.seconds for answer in answers]
        cosines = np.sum(answers[0].vectors * bare.answers[0].vectors, axis=1)
        mibs = [answer.resident_mib for answer in answers]
        bare_mibs = [answer.resident_mib for answer in bare.answers]
        yield Row(f"{backend}: windows embedded", "a second", rates, ENCODE, bare_rates)
        if backend != "static":  # its vectors lie in a space of their own
            yield Row(f"{backend}: mean cosine to fp32", "", [float(cosines.mean())])
            yield Row(f"{backend}: least cosine to fp32", "", [float(cosines.min())])
        yield Row(f"{backend}: start to first vector", "s", first_seconds, FIRST, bare.first_seconds)
        yield Row(f"{backend}: resident memory", "MiB", mibs, ENCODE, bare_mibs)


def _lag(bench: Bench, backend: str, models: Path, pages: object) -> Iterator[Row]:
    bench.say(f"embedding: the loop beside {backend} …")
    seconds = LAG_SECONDS / 3 if bench.quick else LAG_SECONDS
    command = [sys.executable, "-m", "tests.benchmarks.embedding_lag", backend, str(models), str(seconds)]
    done = subprocess.run(
        command,
        cwd=bench.folder,
        env=bench.environment,
        input=json.dumps(pages),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    for name, share in (("p50", 50), ("p99", 99), ("greatest", 100)):
        lags = [float(np.percentile(found[state], share)) for state in ("busy", "idle")]
        yield Row(f"{backend}: event loop's lag, {name}", "ms", lags[:1], IDLE, lags[1:])


def _cut_ms(embedder: Embedder, title: str, chunks: Sequence[tuple[Sequence[str], str]]) -> float:
    began = time.perf_counter()
    for path, content in chunks:
        embedder.cut(title, path, content)
    return (time.perf_counter() - began) * 1000
