"""A baseline: Crawl4AI, LangChain's splitter, its embeddings and PGVector, in the peers' venv.

`python -m tests.benchmarks.peers.crawl_and_store DATABASE_URL` loads the model, makes the tables, says
`ready`, and then crawls what its standard input asks for: a JSON list of URLs a line. Each is answered by
one: `seconds` from the line until the last page is committed, and how many `pages` and `chunks` there were.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from tests.benchmarks.peers.recipes import crawl4ai_config, embeddings, splitter


async def crawl_and_store(store: Any, urls: Sequence[str]) -> dict[str, float]:
    """Fetch pages as fast as Crawl4AI does by itself, and store each as soon as it is there."""
    from crawl4ai import AsyncWebCrawler  # type: ignore[import-not-found]  # noqa: PLC0415
    from crawl4ai.async_crawler_strategy import (  # type: ignore[import-not-found]  # noqa: PLC0415
        AsyncHTTPCrawlerStrategy,
    )

    split, began, pages, chunks = splitter(), perf_counter(), 0, 0
    async with AsyncWebCrawler(crawler_strategy=AsyncHTTPCrawlerStrategy(), verbose=False) as crawler:
        async for result in await crawler.arun_many(list(urls), config=crawl4ai_config(stream=True)):
            if not result.success:
                raise RuntimeError(f"Crawl4AI on {result.url}: {result.error_message}")
            texts = split.split_text(str(result.markdown.raw_markdown))
            # In a thread, so that other pages are fetched meanwhile, as by a worker of ours.
            await asyncio.to_thread(store.add_texts, texts, [{"source": result.url}] * len(texts))
            pages, chunks = pages + 1, chunks + len(texts)
    return {"seconds": perf_counter() - began, "pages": pages, "chunks": chunks}


def main(database_url: str) -> None:
    """Answer lines until there are no more."""
    from langchain_postgres import PGVector  # type: ignore[import-not-found]  # noqa: PLC0415

    model = embeddings()
    model.embed_query("warm")
    store = PGVector(
        embeddings=model,
        collection_name="benchmark",
        connection=database_url.replace("postgresql://", "postgresql+psycopg://", 1),
        embedding_length=384,
        use_jsonb=True,
    )
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        found = asyncio.run(crawl_and_store(store, json.loads(line)))
        sys.stdout.write(f"{json.dumps(found)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
