"""The tasks that a sandbox runs: for each name, a module and a function.

A task takes keyword arguments and returns a result that msgpack can hold; a dataclass arrives as a dict of
its fields. The module is imported at its first use, and must not import Scrapy.
"""

from collections.abc import Mapping, Sequence
from typing import Any

TASKS: Mapping[str, str] = {
    "read_page": "alonchat_crawl.extract.read_page:read_page",
    "read_sitemap": "alonchat_crawl.extract.site.sitemap:read_sitemap",
    "extract": "alonchat_crawl.extract.document:extract_document",
    "shortened": "alonchat_crawl.extract.markdown.shortening:shortened",
    "describe": "alonchat_crawl.extract.description:describe",
    "chunk": "alonchat_crawl.extract.chunks.chunking:chunk",
    "read_contents": "alonchat_crawl.extract.files.read:read_contents",
    "read_member": "alonchat_crawl.extract.files.archives.archive:read_member",
}
TEXT = "What every page needs is loaded before the first one comes, also the words of all languages."
WARM_UP: Sequence[tuple[str, Mapping[str, Any]]] = (
    (
        "read_page",
        {"body": TEXT.encode(), "media_type": "text/html", "header": "", "url": "", "max_links": 1},
    ),
    ("extract", {"media_type": "text/html", "text": TEXT, "url": ""}),
    ("describe", {"markdown": TEXT}),
    ("chunk", {"markdown": TEXT, "title": "", "capacity": 1000, "minimum": 0}),
)
"""What a process runs before its first task."""
