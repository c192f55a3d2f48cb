"""Text to vectors.

`model` finds the model, `schemes` names its vectors, `windows` splits texts for it, `backends/` computes the
vectors, and `batcher`, `turns` and `cache` share the model among waiting pages.
"""

from alonchat_crawl.embedding.backends.backend import DIMENSIONS, Backend, Vectors
from alonchat_crawl.embedding.embedder import Embedder
from alonchat_crawl.embedding.model import BUNDLED_MODEL
from alonchat_crawl.embedding.schemes import scheme

__all__ = ["BUNDLED_MODEL", "DIMENSIONS", "Backend", "Embedder", "Vectors", "scheme"]
