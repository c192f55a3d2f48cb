"""Text to vectors.

A room a question: which model (`model`), what its vectors are called (`schemes`), by
what they are computed (`torch_backend`, `onnx_backend`, `static_backend`), how that is built once
(`built`, `build`), how waiting pages share it (`batcher`, `cache`).
"""

from alonchat_crawl.embedding.backends.backend import DIMENSIONS, Backend, Vectors
from alonchat_crawl.embedding.embedder import Embedder
from alonchat_crawl.embedding.model import BUNDLED_MODEL
from alonchat_crawl.embedding.schemes import scheme

__all__ = ["BUNDLED_MODEL", "DIMENSIONS", "Backend", "Embedder", "Vectors", "scheme"]
