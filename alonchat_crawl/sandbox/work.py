"""What may be run in a sandbox: a name, and the module and function it stands for.

Each is called with keyword arguments of what msgpack can hold, and returns such; a dataclass arrives as a
dict of its fields. Modules are imported at their first use, and none of them may import Scrapy.
"""

from collections.abc import Mapping

TASKS: Mapping[str, str] = {
    "read_page": "alonchat_crawl.extract.reading:read_page",
    "read_sitemap": "alonchat_crawl.extract.sitemap:read_sitemap",
    "extract": "alonchat_crawl.extract.document:extract_document",
    "chunk": "alonchat_crawl.extract.chunking:chunk",
    "read_file": "alonchat_crawl.extract.files.read:read_file",
    "members": "alonchat_crawl.extract.files.archive:members",
    "member": "alonchat_crawl.extract.files.archive:member",
    "take_in": "alonchat_crawl.extract.intake:take_in",
}
AT_START = ("read_page", "extract", "chunk")
"""Whose modules a process imports before its first task: what every web page needs."""
