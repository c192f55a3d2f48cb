"""The stage that stands in for the model: what a frontier is measured with must not wait for embeddings."""

from typing import ClassVar

import numpy as np

from alonchat_crawl.embedding import DIMENSIONS
from alonchat_crawl.items import ChunkedPage, EmbeddedChunk, EmbeddedPage
from pipelines.stage import Stage

VECTORS = np.full((1, DIMENSIONS), DIMENSIONS**-0.5, np.float32)  # one window a chunk, of length 1


class ConstantEmbed(Stage[ChunkedPage, EmbeddedPage]):
    """Gives each chunk the same unit vector; all the other stages are the program's own."""

    name: ClassVar[str] = "embed"

    async def work(self, item: ChunkedPage) -> EmbeddedPage:
        """Embed at once."""
        tokens = (len(chunk.content.split()) for chunk in item.chunks)
        return EmbeddedPage(
            page=item.page,
            chunks=tuple(
                EmbeddedChunk(chunk, count, VECTORS) for chunk, count in zip(item.chunks, tokens, strict=True)
            ),
        )
