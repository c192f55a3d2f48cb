"""A page that is longer than may be stored: what is beyond is cut off, and the text says so."""

from markdown_it import MarkdownIt
from markdown_it.token import Token

from alonchat_crawl.extract.cut_note import cut_note
from alonchat_crawl.extract.inert import inert

BLOCKS = MarkdownIt("commonmark").enable("table")
BLOCKS.core.ruler.enableOnly(["normalize", "block"])
LEAST_SHARE = 0.5  # of what may be kept: a last block that is larger is cut itself, not left out


def shortened(markdown: str, max_chars: int) -> tuple[str, int]:
    """Return at most so many characters of a page's safe Markdown, a note at its end, and how many are gone.

    It is cut between blocks; within one only where that alone takes more than half, and then at a line's end.
    A page that fits comes back as it is. What making the end inert again adds is not counted.
    """
    if len(markdown) <= max_chars:
        return markdown, 0
    head = markdown[:max_chars]
    tops = [token for token in BLOCKS.parse(head) if token.level == 0 and token.map and token.nesting >= 0]
    kept = _whole_blocks(head, tops) or inert(_part_of_block(head, tops[-1] if tops else None))
    return f"{kept}\n\n{cut_note('characters', len(kept), len(markdown))}", len(markdown) - len(kept)


def _whole_blocks(head: str, tops: list[Token]) -> str:
    """Leave out the last block, which goes on beyond; nothing where too little would be left."""
    start = tops[-1].map[0] if tops and tops[-1].map else 0
    kept = "\n".join(head.split("\n")[:start]).rstrip()
    return kept if len(kept) > LEAST_SHARE * len(head) else ""


def _part_of_block(head: str, last: Token | None) -> str:
    """Cut at the last line's end, or a word's; a fence that is open there is closed, in a list left out."""
    kept = head[: max(head.rfind("\n"), 0) or max(head.rfind(" "), 0) or len(head)].rstrip()
    if last is not None and last.type == "fence":
        return f"{kept}\n{last.markup}"
    lines = kept.split("\n")
    for token in reversed(BLOCKS.parse(kept)):
        if token.type == "fence" and token.map and token.map[1] >= len(lines):
            return "\n".join(lines[: token.map[0]]).rstrip()
    return kept
