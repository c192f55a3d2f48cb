"""onnxruntime with a graph that `build` made from the model. It needs no torch, and so starts at once."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from alonchat_crawl.embedding.backends.backend import Vectors
from alonchat_crawl.embedding.backends.bert import Bert, read_bert
from alonchat_crawl.embedding.backends.build_cache import build_in_another_process, built_folder, open_built
from alonchat_crawl.embedding.model import Model

GRAPH = "model.onnx"  # in: input_ids, attention_mask, token_type_ids; out: normalised vectors


class OnnxBackend:
    """A fused BERT, in fp32 or int8 as it was built."""

    def __init__(self, bert: Bert, built: Path, batch: int, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Spinning threads would occupy the core that the event loop needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(built / GRAPH), options, providers=["CPUExecutionProvider"]
        )
        self._batch = batch
        self.max_tokens: int | None = bert.max_tokens
        self.tokenizer = Tokenizer.from_file(str(bert.folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(bert.max_tokens)
        self.tokenizer.no_padding()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Embed in batches of similar length, so that there is little padding."""
        encodings = [encoding.ids for encoding in self.tokenizer.encode_batch_fast(list(texts))]
        order = sorted(range(len(texts)), key=lambda number: len(encodings[number]), reverse=True)
        vectors: Vectors | None = None
        for start in range(0, len(order), self._batch):
            batch = order[start : start + self._batch]
            found = self._run([encodings[number] for number in batch])
            if vectors is None:
                vectors = np.empty((len(texts), found.shape[1]), np.float32)
            vectors[batch] = found
        assert vectors is not None  # noqa: S101  texts is not empty
        return vectors

    def _run(self, rows: list[list[int]]) -> Vectors:
        """Run the graph over rows of tokens, of which the first is the longest."""
        ids = np.zeros((len(rows), len(rows[0])), np.int64)  # padding is masked, so its id does not matter
        mask = np.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = row
            mask[number, : len(row)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        (vectors,) = self._session.run(None, inputs)
        return np.asarray(vectors, np.float32)


def open_onnx(kind: str, model: Model, models_dir: Path, batch: int, threads: int) -> OnnxBackend:
    """Open the model; build it if it is missing. `kind` is onnx or onnx-int8. Raises StartupError."""
    bert = read_bert(model)
    return open_built(
        built_folder(model, kind, f"onnxruntime-{onnxruntime.__version__}", models_dir),
        lambda target: build_in_another_process(kind, model, target),
        lambda built: OnnxBackend(bert, built, batch, threads),
    )
