"""Cuts a page that is longer than may be stored, and says so at its end."""

from alonchat_crawl.extract.markdown.writer import write
from alonchat_crawl.extract.text.cut_note import cut_note

LEAST_SHARE = 0.5  # of what may be kept: if whole blocks fill less, the last block is cut too


def shortened(markdown: str, max_chars: int) -> tuple[str, int]:
    """Return at most so many characters of a page's Markdown with a note at the end, and how many were cut.

    It is cut between blocks; within a block only if the blocks before it fill less than half, and then at a
    line's end. A page that fits is returned as it is. The note and the escapes at the cut are not counted.
    """
    if len(markdown) <= max_chars:
        return markdown, 0
    head = markdown[:max_chars]
    head = head[: head.rfind("\n") + 1 or head.rfind(" ") + 1 or max_chars]
    text, blocks = write(head)
    whole = "\n".join(text.split("\n")[: blocks[-1].start]).rstrip() if blocks else ""
    kept = whole if len(whole) > LEAST_SHARE * max_chars else text
    return f"{kept}\n\n{cut_note('characters', len(kept), len(markdown))}", len(markdown) - len(kept)
