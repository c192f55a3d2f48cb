"""LangChain's splitters on texts from standard input: a program for the peers' environment.

It reads a JSON list of [text, capacity in bytes, is source code] and writes one of {way: {"seconds": …,
"chunks": [[…], …]}}.
"""

import json
import sys
from collections.abc import Callable, Sequence
from time import process_time
from typing import Any

RECURSIVE = "LangChain RecursiveCharacterTextSplitter"
HEADERS = "LangChain MarkdownHeaderTextSplitter, then Recursive"
LEVELS = [("#" * level, f"h{level}") for level in range(1, 7)]


def size(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text.encode())


def recursive(capacity: int, *, is_source: bool) -> Any:
    """The splitter for Markdown or for Python, without overlap, as ours has none."""
    from langchain_text_splitters import (  # type: ignore[import-not-found]  # noqa: PLC0415
        Language,
        RecursiveCharacterTextSplitter,
    )

    language = Language.PYTHON if is_source else Language.MARKDOWN
    return RecursiveCharacterTextSplitter.from_language(
        language, chunk_size=capacity, chunk_overlap=0, length_function=size
    )


def by_recursive(text: str, capacity: int, *, is_source: bool) -> Sequence[str]:
    """Cut by separators."""
    texts: Sequence[str] = recursive(capacity, is_source=is_source).split_text(text)
    return texts


def by_headers(text: str, capacity: int, *, is_source: bool) -> Sequence[str]:
    """Cut at headings first, as its manual has it."""
    if is_source:
        return by_recursive(text, capacity, is_source=True)
    from langchain_text_splitters import MarkdownHeaderTextSplitter  # noqa: PLC0415

    sections = MarkdownHeaderTextSplitter(LEVELS, strip_headers=False).split_text(text)
    return [part.page_content for part in recursive(capacity, is_source=False).split_documents(sections)]


WAYS: dict[str, Callable[..., Sequence[str]]] = {RECURSIVE: by_recursive, HEADERS: by_headers}


def main() -> None:
    """Cut every text in every way."""
    documents = json.load(sys.stdin)
    answer = {}
    for name, way in WAYS.items():
        way("# Warm\n\nup.", 1000, is_source=False)
        began = process_time()
        chunks = [way(text, capacity, is_source=is_source) for text, capacity, is_source in documents]
        answer[name] = {"seconds": process_time() - began, "chunks": chunks}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
