"""The embedder: a model in one of its backends, and the windows that cover a whole chunk.

The model reads at most 256 tokens; a 4 KB chunk has about 966. With a vector for each window of 128 tokens,
the right chunk was found first in 50 % of the queries; with one vector for the truncated chunk, in 31 %.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Self

import numpy as np

from alonchat_crawl.embedding.backends.backend import DIMENSIONS, Backend, Vectors, usable_cores
from alonchat_crawl.embedding.model import Model, find_model, unloadable
from alonchat_crawl.embedding.schemes import Settings, chosen_backend
from alonchat_crawl.embedding.windows import Cut, TextWindows, prefix_of
from alonchat_crawl.errors import StartupError


class Embedder:
    """A model, loaded by `load` or at first use. Only one thread embeds at a time."""

    def __init__(
        self, model: str, backend: str, window_tokens: int, batch_windows: int, models_dir: Path
    ) -> None:
        self.model_name = model
        self.backend = chosen_backend(backend)
        self.window_tokens = window_tokens
        self.batch_windows = batch_windows
        self.models_dir = models_dir
        self._backend: Backend | None = None
        self._windows: TextWindows | None = None
        self._lock = Lock()

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Read the settings; load nothing yet."""
        return cls(
            settings["EMBEDDING_MODEL"],
            settings["EMBEDDING_BACKEND"],
            settings["WINDOW_TOKENS"],
            settings["EMBEDDING_BATCH_WINDOWS"],
            Path(settings["EMBEDDING_MODELS_DIR"]),
        )

    def load(self) -> None:
        """Load the model once. It takes under 1 s; with torch, or if it must be built first, 10 to 20 s.

        Raises StartupError.
        """
        if self._backend is not None:  # before the lock: `cut` must not wait for a thread that embeds
            return
        with self._lock:
            if self._backend is None:
                backend = self._opened(find_model(self.model_name))
                self._windows = TextWindows(backend.tokenizer, self.window_tokens)
                self._backend = backend

    def _opened(self, model: Model) -> Backend:
        try:
            backend = _open(self.backend, model, self.models_dir, self.batch_windows)
            width = backend.encode(["warm"]).shape[1]
        except StartupError:
            raise
        except Exception as error:  # disk and torch may raise anything: the error must name the model
            raise unloadable(self.model_name, error) from error
        if width != DIMENSIONS:
            raise StartupError(
                f"EMBEDDING_MODEL={self.model_name!r} has {width} dimensions: "
                f"give a model of {DIMENSIONS}, as the tables have."
            )
        limit = backend.max_tokens
        if limit is not None and limit < self.window_tokens:
            raise StartupError(
                f"EMBEDDING_MODEL={self.model_name!r} reads {limit} tokens, fewer than WINDOW_TOKENS "
                f"({self.window_tokens}): lower that."
            )
        return backend

    def cut(self, title: str, heading_path: Sequence[str], content: str) -> Cut:
        """Count a chunk's tokens, and cut it into texts of WINDOW_TOKENS at most, each with its headings."""
        self.load()
        assert self._windows is not None  # noqa: S101  load() sets it
        return self._windows.cut(prefix_of(title, heading_path), content)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts in the given order: float32[n, 384], L2-normalised."""
        self.load()
        if not texts:
            return np.empty((0, DIMENSIONS), np.float32)
        with self._lock:
            assert self._backend is not None  # noqa: S101  load() sets it
            return self._backend.encode(texts)

    def embed_query(self, text: str) -> Vectors:
        """Embed one query: float32[384], L2-normalised."""
        return np.asarray(self.embed([text])[0], np.float32)


def _open(backend: str, model: Model, models_dir: Path, batch: int) -> Backend:
    """Open a backend without importing the libraries of the others."""
    if backend == "torch":
        from alonchat_crawl.embedding.backends.torch_backend import TorchBackend  # noqa: PLC0415

        return TorchBackend(model, usable_cores())
    if backend == "static":
        from alonchat_crawl.embedding.backends.static_backend import open_static  # noqa: PLC0415

        return open_static(model, models_dir)
    from alonchat_crawl.embedding.backends.onnx_backend import open_onnx  # noqa: PLC0415

    return open_onnx(backend, model, models_dir, batch, usable_cores())
