"""A page that is longer than may be stored: what is beyond is cut off, and the text says so."""

from alonchat_crawl.extract.markdown.writer import write
from alonchat_crawl.extract.text.cut_note import cut_note

LEAST_SHARE = 0.5  # of what may be kept: a last block that is larger is cut itself, not left out


def shortened(markdown: str, max_chars: int) -> tuple[str, int]:
    """Return at most so many characters of a page's Markdown, a note at its end, and how many are gone.

    It is cut between blocks; within one only where that alone takes more than half, and then at a line's end.
    A page that fits comes back as it is. The note, and what is escaped where a block was cut, is not counted.
    """
    if len(markdown) <= max_chars:
        return markdown, 0
    head = markdown[:max_chars]
    head = head[: head.rfind("\n") + 1 or head.rfind(" ") + 1 or max_chars]
    text, blocks = write(head)
    whole = "\n".join(text.split("\n")[: blocks[-1].start]).rstrip() if blocks else ""
    kept = whole if len(whole) > LEAST_SHARE * max_chars else text
    return f"{kept}\n\n{cut_note('characters', len(kept), len(markdown))}", len(markdown) - len(kept)
