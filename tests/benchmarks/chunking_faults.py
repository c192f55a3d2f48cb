"""What can be wrong with a page's chunks, told by another parser than the one that cuts them."""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from markdown_it import MarkdownIt

from tests.benchmarks.chunking_pages import Document

BLOCKS = MarkdownIt("commonmark").enable("table")
BLOCKS.core.ruler.enableOnly(["normalize", "block"])
SMALL_BYTES = 200


def faults(document: Document, chunks: Sequence[str]) -> Counter[str]:
    """Count the faults of a page's chunks, given as texts in order."""
    found: Counter[str] = Counter()
    sizes = [len(chunk.encode()) for chunk in chunks]
    found["over capacity"] = sum(size > document.capacity for size in sizes)
    found["small beside one with room"] = sum(
        min(one, other) < SMALL_BYTES and one + other + 2 <= document.capacity
        for one, other in pairwise(sizes)
    )
    texts = [_dense(chunk) for chunk in chunks]
    if document.is_source:
        found["functions of half a chunk cut"] = _cut(_functions(document), texts)
        return found
    tokens = BLOCKS.parse(document.text)
    lines = document.text.split("\n")
    for kind, name in (("fence", "fences"), ("table_open", "tables")):
        blocks = ["\n".join(lines[t.map[0] : t.map[1]]) for t in tokens if t.type == kind and t.map]
        found[f"{name} cut that fit"] = _cut(
            [block for block in blocks if len(block.encode()) <= document.capacity], texts
        )
    heads = {
        _dense("\n".join(lines[t.map[0] : t.map[1]])) for t in tokens if t.type == "heading_open" and t.map
    }
    ends = (_dense(chunk.rstrip().rpartition("\n")[2]) for chunk in chunks[:-1])
    found["headings left at an end"] = sum(end in heads for end in ends)
    return found


def _functions(document: Document) -> Iterator[str]:
    for node in ast.walk(ast.parse(document.text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_source_segment(document.text, node)
            if text and len(text.encode()) <= document.capacity // 2:
                yield text


def _cut(blocks: Sequence[str] | Iterator[str], texts: Sequence[str]) -> int:
    whole = "\0".join(texts)
    return sum(_dense(block) not in whole for block in blocks)


def _dense(text: str) -> str:
    """Leave out white space, which some splitters change."""
    return "".join(text.split())
