"""What may be run in a sandbox: a name, and the module and function it stands for.

Each is called with keyword arguments of what msgpack can hold, and returns such; a dataclass arrives as a
dict of its fields. Modules are imported at their first use, and none of them may import Scrapy.
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
    "read_file": "alonchat_crawl.extract.files.read:read_file",
    "members": "alonchat_crawl.extract.files.archives.archive:members",
    "member": "alonchat_crawl.extract.files.archives.archive:member",
    "take_in": "alonchat_crawl.extract.files.intake:take_in",
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
