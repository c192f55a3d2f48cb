"""A page's bytes to its text and its links."""

from dataclasses import dataclass

from alonchat_crawl.extract.site.fingerprints import fingerprints
from alonchat_crawl.extract.site.links import PageLinks, markdown_links, page_links
from alonchat_crawl.extract.text.encoding import decode
from alonchat_crawl.extract.text.media_types import HTML, MARKDOWN


@dataclass(frozen=True, slots=True)
class ReadPage:
    """What is read from a body."""

    text: str
    """The whole body as Unicode; nothing is removed."""
    found: PageLinks


def read_page(body: bytes, media_type: str, header: str, url: str, max_links: int) -> ReadPage:
    """Decode a body of the type that the spider found, with its Content-Type `header`. Never raises."""
    text = decode(body, header)
    if media_type == HTML:
        return ReadPage(text, page_links(text, url, max_links))
    if media_type == MARKDOWN:
        return ReadPage(text, markdown_links(text, url, max_links))
    return ReadPage(text, PageLinks((), None, (), 0, fingerprints(text)))
