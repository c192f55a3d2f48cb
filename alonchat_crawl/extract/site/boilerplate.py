"""What the pages of one site say over and over: learnt while they pass, and then left out."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from threading import Lock

from alonchat_crawl.extract.markdown.writer import TopBlock, write

PAGES_MIN = 5  # that have a block before it is boilerplate
SHARE_MIN = 0.5  # of the source's pages so far that have it
SOURCES_MAX = 200  # learnt at a time; the one that was not seen for longest is forgotten
BLOCKS_MAX = 5_000  # counted per source: one entry takes some 100 bytes
PAGE_BLOCKS_MAX = 500  # counted of one page
PAGE_BLOCKS_SEEN = 50_000  # a page of more is no page for people, and stays as it is


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

    def without(
        self, source: Hashable, markdown: str, blocks: Sequence[TopBlock] | None = None
    ) -> tuple[str, int]:
        """Learn from a page; return its Markdown without boilerplate, and how many blocks went.

        `blocks` are those that it was written with, if they are known. A page that is nothing but
        boilerplate and headings stays as it is, and so does one of more blocks than anybody reads.
        """
        if blocks is None:
            markdown, blocks = write(markdown)
        if len(blocks) > PAGE_BLOCKS_SEEN:
            return markdown, 0
        digests = [block.digest for block in blocks]
        repeated = self._learn(source, list(dict.fromkeys(filter(None, digests)))[:PAGE_BLOCKS_MAX])
        gone = [number for number, digest in enumerate(digests) if digest in repeated]
        stays = any(digest is not None and digest not in repeated for digest in digests)
        if not gone or not (stays or any(block.kind == "code" for block in blocks)):
            return markdown, 0
        lines = markdown.split("\n")
        for number in reversed(gone):
            start, end, *_ = blocks[number]
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
