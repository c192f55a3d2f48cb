"""Leave out what a site's pages repeat; it is learnt from page to page."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from threading import Lock

from alonchat_crawl.extract.markdown.writer import TopBlock

PAGES_MIN = 5  # a block is boilerplate only after so many pages had it
SHARE_MIN = 0.5  # and so large a share of the source's pages so far
SOURCES_MAX = 200  # the source whose last page is the oldest is forgotten first
BLOCKS_MAX = 5_000  # counted per source: each entry takes about 100 bytes
PAGE_BLOCKS_MAX = 500  # counted of one page
PAGE_BLOCKS_SEEN = 50_000  # a page with more is not for people, and stays as it is


@dataclass(slots=True)
class Learnt:
    """What was learnt of one source."""

    pages: int = 0
    counts: OrderedDict[bytes, int] = field(default_factory=OrderedDict)
    """How many pages had each block; the one seen longest ago first."""


class Boilerplate:
    """Learns which top-level blocks repeat on a source's pages. Safe to share between threads.

    A block is boilerplate if at least PAGES_MIN pages, and SHARE_MIN of the source's pages so far, had it.
    Headings and code never are. Memory is bounded; what is forgotten is learnt again.
    """

    def __init__(self) -> None:
        self._sources: OrderedDict[Hashable, Learnt] = OrderedDict()
        self._lock = Lock()

    def without(self, source: Hashable, markdown: str, blocks: Sequence[TopBlock]) -> tuple[str, int]:
        """Learn from a page; return its Markdown without boilerplate, and how many blocks were left out.

        `blocks` are those of its Markdown. A page of boilerplate and headings alone stays
        as it is, and so does one with too many blocks.
        """
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
