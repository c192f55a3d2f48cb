"""Whether what is stored stays as it is when it is written again."""

from alonchat_crawl.extract.markdown.writer import write


def changed(markdown: str) -> str | None:
    """What writing the text again makes of it; None where it is the same."""
    again = write(markdown).markdown
    return None if again == markdown else again
