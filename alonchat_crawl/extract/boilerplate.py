"""What the pages of one site say over and over: learnt while they pass, and then left out."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from hashlib import blake2b
from threading import Lock

from markdown_it import MarkdownIt

PAGES_MIN = 5  # that have a block before it is boilerplate
SHARE_MIN = 0.5  # of the source's pages so far that have it
SOURCES_MAX = 200  # learnt at a time; the one that was not seen for longest is forgotten
BLOCKS_MAX = 5_000  # counted per source: one entry takes some 100 bytes
PAGE_BLOCKS_MAX = 500  # counted of one page
DIGEST_BYTES = 8
LASTING = frozenset(["heading_open", "fence", "code_block"])
BLOCKS = MarkdownIt("commonmark").enable("table")
BLOCKS.core.ruler.enableOnly(["normalize", "block"])


@dataclass(slots=True)
class Learnt:
    """What was seen of one source."""

    pages: int = 0
    counts: OrderedDict[bytes, int] = field(default_factory=OrderedDict)
    """On how many pages each block stood; the one seen longest ago first."""


class Boilerplate:
    """Learns which top-level blocks repeat on a source's pages. Safe to share between threads.

    A block that stood on at least PAGES_MIN pages and on SHARE_MIN of the source's pages so far is
    boilerplate. Headings and code never are. Memory is bounded; what is forgotten is learnt again.
    """

    def __init__(self) -> None:
        self._sources: OrderedDict[Hashable, Learnt] = OrderedDict()
        self._lock = Lock()

    def without(self, source: Hashable, markdown: str) -> tuple[str, int]:
        """Learn from a page; return its Markdown without boilerplate, and how many blocks went.

        A page that is nothing but boilerplate and headings stays as it is.
        """
        lines = markdown.split("\n")
        blocks = _blocks(markdown)
        texts = ["\n".join(lines[start:end]).strip() for start, end, _ in blocks]
        digests = [
            None if lasting else blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()
            for text, (_, _, lasting) in zip(texts, blocks, strict=True)
        ]
        repeated = self._learn(source, list(dict.fromkeys(filter(None, digests)))[:PAGE_BLOCKS_MAX])
        gone = [number for number, digest in enumerate(digests) if digest in repeated]
        stays = any(digest is not None and digest not in repeated for digest in digests)
        if not gone or not (stays or any(lasting == "code" for _, _, lasting in blocks)):
            return markdown, 0
        for number in reversed(gone):
            start, end, _ = blocks[number]
            while end < len(lines) and not lines[end].strip():
                end += 1
            del lines[start:end]
        return "\n".join(lines).strip("\n").rstrip(), len(gone)

    def _learn(self, source: Hashable, digests: list[bytes]) -> set[bytes]:
        """Count a page's blocks; return those that were boilerplate before it."""
        with self._lock:
            learnt = self._sources.setdefault(source, Learnt())
            self._sources.move_to_end(source)
            while len(self._sources) > SOURCES_MAX:
                self._sources.popitem(last=False)
            counts = learnt.counts
            needed = max(PAGES_MIN, SHARE_MIN * learnt.pages)
            repeated = {digest for digest in digests if counts.get(digest, 0) >= needed}
            learnt.pages += 1
            for digest in digests:
                counts[digest] = counts.pop(digest, 0) + 1
            while len(counts) > BLOCKS_MAX:
                counts.popitem(last=False)
            return repeated


def _blocks(markdown: str) -> list[tuple[int, int, str]]:
    """Return (first line, line after, "heading", "code" or "") of each top-level block."""
    found: list[tuple[int, int, str]] = []
    for token in BLOCKS.parse(markdown):
        if token.level == 0 and token.map is not None and token.nesting >= 0:
            kind = "heading" if token.type == "heading_open" else "code" if token.type in LASTING else ""
            found.append((token.map[0], token.map[1], kind))
    return found
