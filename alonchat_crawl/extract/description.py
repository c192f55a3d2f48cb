"""In which language a page's Markdown is, and of which type."""

from dataclasses import dataclass

from alonchat_crawl.extract.html.page_type import content_type
from alonchat_crawl.extract.text.language import language
from alonchat_crawl.items import ContentType


@dataclass(frozen=True, slots=True)
class Description:
    """What is known of a text."""

    language: str
    """ISO 639-1 code; empty if it is unknown."""
    content_type: ContentType


def describe(markdown: str) -> Description:
    """Describe a text. One of megabytes takes seconds, and no other thread of the process runs meanwhile."""
    return Description(language(markdown), content_type(markdown))
