"""A sitemap's bytes, gzipped or not, to the URLs it lists (https://www.sitemaps.org/protocol.html)."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice

from lxml import etree  # type: ignore[import-untyped]

from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.reasons import Reason
from alonchat_crawl.urls import canonical_url

GZIP_MAGIC = b"\x1f\x8b\x08"
GZIP_WINDOW = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class ReadSitemap:
    """What a sitemap lists."""

    is_index: bool
    """Whether it lists other sitemaps."""
    urls: tuple[str, ...]
    """Canonical, in document order; only http and https."""


def read_sitemap(body: bytes, max_bytes: int, max_urls: int) -> ReadSitemap:
    """Read at most `max_urls` entries; raises GiveUp if it is no sitemap or unpacks to over `max_bytes`."""
    try:
        found = _elements(_unzipped(body, max_bytes))
        is_index = next(found) == "sitemapindex"
        entries = islice(found, max_urls)
        return ReadSitemap(is_index, tuple(url for entry in entries if (url := canonical_url(entry))))
    except (etree.LxmlError, ValueError, StopIteration, zlib.error) as error:
        raise GiveUp(Reason.SITEMAP, f"It is not a sitemap: {error or type(error).__name__}") from None


def _unzipped(body: bytes, max_bytes: int) -> bytes:
    if not body.startswith(GZIP_MAGIC):
        return body
    unzipper = zlib.decompressobj(GZIP_WINDOW)
    data = unzipper.decompress(body, max_bytes)
    if unzipper.unconsumed_tail:
        raise ValueError(f"it unpacks to more than {max_bytes} bytes")
    return data


def _elements(body: bytes) -> Iterator[str]:
    """Yield the root's name, then the address of each entry; elements that were read are freed."""
    events = etree.iterparse(
        BytesIO(body),
        events=("start", "end"),
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    _, root = next(events, ("", None))
    if root is None:
        raise ValueError("it has no element")
    yield _name(root)
    for event, element in events:
        if event == "end" and _name(element) in {"url", "sitemap"}:
            location = next((child.text for child in element if _name(child) == "loc"), None)
            if location:
                yield location.strip()
            element.clear()
            parent = element.getparent()
            while parent is not None and element.getprevious() is not None:
                del parent[0]


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
