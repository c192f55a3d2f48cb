"""A table with a vector for each token, by model2vec. A text's vector is the mean of its tokens' vectors."""

from collections.abc import Sequence
from pathlib import Path

import model2vec
import numpy as np
from model2vec import StaticModel
from tokenizers import Tokenizer

from alonchat_crawl.embedding.backends.backend import DIMENSIONS, Vectors
from alonchat_crawl.embedding.backends.bert import Bert, read_bert
from alonchat_crawl.embedding.backends.build_cache import build_in_another_process, built_folder, open_built
from alonchat_crawl.embedding.model import Model


class StaticBackend:
    """The table that `build` made from a model. Windows are cut by the model's tokenizer."""

    def __init__(self, bert: Bert, built: Path) -> None:
        self._table = StaticModel.from_pretrained(str(built))
        self.max_tokens: int | None = None
        self.tokenizer = Tokenizer.from_file(str(bert.folder / "tokenizer.json"))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Embed. A text of unknown tokens only would have a zero vector: it gets a unit vector instead."""
        # Multiprocessing would take longer than so few texts do.
        found = self._table.encode(list(texts), max_length=None, use_multiprocessing=False)
        vectors = np.zeros((len(texts), max(DIMENSIONS, found.shape[1])), np.float32)
        vectors[:, : found.shape[1]] = found  # zeros change no cosine
        vectors[~vectors.any(axis=1), 0] = 1
        # Normalised again, since the table computes norms in half precision.
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def open_static(model: Model, models_dir: Path) -> StaticBackend:
    """Open the table; build it if it is missing. Raises StartupError."""
    bert = read_bert(model)
    return open_built(
        built_folder(model, "static", f"model2vec-{model2vec.__version__}", models_dir),
        lambda target: build_in_another_process("static", model, target),
        lambda built: StaticBackend(bert, built),
    )
