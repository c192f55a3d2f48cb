"""What a page's Markdown is: in which language, and of which type."""

from dataclasses import dataclass

from alonchat_crawl.extract.html.page_type import content_type
from alonchat_crawl.extract.text.language import language
from alonchat_crawl.items import ContentType


@dataclass(frozen=True, slots=True)
class Description:
    """What can be told of a text."""

    language: str
    """ISO 639-1 code; empty where it could not be told."""
    content_type: ContentType


def describe(markdown: str) -> Description:
    """Describe a text. Of megabytes it takes seconds, in which no other thread of the process runs."""
    return Description(language(markdown), content_type(markdown))
