"""Embed a project's stored chunks again. It is searched by the old vectors until all new ones are there."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from alonchat_crawl.embedding import Embedder
from alonchat_crawl.errors import GiveUp
from alonchat_crawl.storage.pool import Pool
from alonchat_crawl.storage.projects import ProjectRecord, Unembedded, add_vectors, serve, unembedded


@dataclass(frozen=True, slots=True)
class Reembedded:
    """How much was embedded again."""

    chunks: int
    windows: int
    was_served: bool
    """Whether the project was searched by this scheme before."""


async def reembed(
    pool: Pool,
    embedder: Embedder,
    project: ProjectRecord,
    scheme: str,
    tell: Callable[[int, int], None] = lambda _chunks, _windows: None,
) -> Reembedded:
    """Embed all chunks of a project by a scheme, then search it by that scheme.

    If it is interrupted, what is done stays done. `tell` is called after each batch, with the chunks and the
    windows so far.
    """
    chunks = windows = 0
    served = project.scheme is None
    while not served:  # a worker with the old settings may add chunks meanwhile
        async for batch in unembedded(pool, project.id, scheme):
            vectors = await asyncio.to_thread(_embedded, embedder, batch)
            try:
                await add_vectors(pool, batch, vectors, scheme)
            except GiveUp:  # one of them was deleted meanwhile; the rest comes again
                continue
            chunks, windows = chunks + len(batch), windows + sum(map(len, vectors))
            tell(chunks, windows)
        served = await serve(pool, project.id, scheme)
    return Reembedded(chunks, windows, was_served=project.scheme in {None, scheme})


def _embedded(embedder: Embedder, chunks: Sequence[Unembedded]) -> list[Any]:
    """Return a list of vectors, float32[384] for each window, a chunk."""
    cuts = [embedder.cut(chunk.title, chunk.heading_path, chunk.content).windows for chunk in chunks]
    vectors = iter(embedder.embed([text for windows in cuts for text in windows]))
    return [[next(vectors) for _ in windows] for windows in cuts]
