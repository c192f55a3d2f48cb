"""Chunking: Markdown of Debian's documentation, licences and Python's own library into chunks.

MB/s are of processor time, without reading and extracting. Faults are counted over all documents, by
another parser. The baseline is LangChain's splitters on the same texts with the same capacities.
"""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from time import process_time
from typing import Any

from alonchat_crawl import settings
from alonchat_crawl.extract.chunks.chunking import chunk
from tests.benchmarks.bench import Bench
from tests.benchmarks.chunking_faults import faults
from tests.benchmarks.chunking_pages import PAGES, SOURCES, Document, documents
from tests.benchmarks.peers import environment
from tests.benchmarks.results import Row
from tests.benchmarks.retrieval.corpus import MissingDataError

ROUNDS = 3


def measure(bench: Bench) -> Iterator[Row]:
    """Yield the speed and the faults; without a baseline where LangChain is not to be had."""
    try:
        share = 8 if bench.quick else 1
        found = documents(PAGES // share, SOURCES // share)
    except MissingDataError as error:
        bench.say(f"chunking is skipped: {error}")
        return
    megabytes = sum(len(document.text.encode()) for document in found) / 1e6
    seconds: list[float] = []
    peers: list[Mapping[str, Any]] = []
    texts: Sequence[Sequence[str]] = ()
    for number in bench.rounds(ROUNDS):
        bench.say(f"chunking: round {number + 1}, {len(found)} documents of {megabytes:.1f} MB …")
        began = process_time()
        texts = [_ours(document) for document in found]
        seconds.append(process_time() - began)
        peers += _peers(bench, found)
    counts = _counted(found, texts)
    ours = [megabytes / took for took in seconds]
    for way in peers[0] if peers else [""]:
        theirs = [megabytes / answer[way]["seconds"] for answer in peers]
        yield Row("chunking, a processor's second", "MB", ours, way, theirs)
        their_counts = _counted(found, peers[0][way]["chunks"]) if peers else Counter()
        for fault, count in counts.items():
            yield Row(f"chunking: {fault}", "", [count], way, [their_counts[fault]] if peers else ())


def _ours(document: Document) -> list[str]:
    chunks = chunk(document.markdown, "", document.capacity, settings.CHUNK_MIN_BYTES)
    return [piece.content for piece in chunks]


def _counted(found: Sequence[Document], texts: Sequence[Sequence[str]]) -> Counter[str]:
    counts = Counter({"chunks": sum(map(len, texts))})
    for document, of_document in zip(found, texts, strict=True):
        counts.update(faults(document, of_document))
    return counts


def _peers(bench: Bench, found: Sequence[Document]) -> list[Mapping[str, Any]]:
    """Return what LangChain made of the documents; nothing where it cannot be had."""
    job = json.dumps([[document.text, document.capacity, document.is_source] for document in found])
    try:
        command = [str(environment.interpreter()), "-m", "tests.benchmarks.peers.langchain_chunks"]
        said = subprocess.run(
            command, input=job, capture_output=True, text=True, check=True, env=environment.environment()
        )
    except (MissingDataError, subprocess.CalledProcessError) as error:
        bench.say(f"chunking has no baseline: {error} {getattr(error, 'stderr', None) or ''}")
        return []
    return [json.loads(said.stdout)]
