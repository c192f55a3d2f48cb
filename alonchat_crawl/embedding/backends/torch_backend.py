"""sentence-transformers on the best device that torch finds. It runs any model, but takes 9 s to import."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from alonchat_crawl.embedding.backends.backend import Vectors
from alonchat_crawl.embedding.model import Model

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Not EMBEDDING_BATCH_WINDOWS: torch uses several cores badly for small batches, and a GPU needs larger ones.
CPU_BATCH = 32
GPU_BATCH = 256


class TorchBackend:
    """The reference for the other backends."""

    def __init__(self, model: Model, threads: int) -> None:
        os.environ["HF_HUB_OFFLINE"] = "1"  # else it would ask the hub about a local model
        # Imported only here: it takes 9 s and 400 MB.
        import torch  # noqa: PLC0415
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415
        from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415

        disable_progress_bar()  # type: ignore[no-untyped-call]
        torch.set_num_threads(threads)
        self._model = SentenceTransformer(str(model.folder), local_files_only=True)
        self._batch = CPU_BATCH if self._model.device.type == "cpu" else GPU_BATCH
        self.tokenizer: Tokenizer = self._model.tokenizer.backend_tokenizer
        self.max_tokens: int | None = self._model.get_max_seq_length()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Embed by `SentenceTransformer.encode`, which sorts texts by length itself."""
        vectors = self._model.encode(
            list(texts),
            batch_size=self._batch,
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        return np.asarray(vectors, np.float32)
