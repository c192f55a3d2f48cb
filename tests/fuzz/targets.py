"""What is fuzzed: each target takes any bytes, and raises only where something is wrong.

Shared by the fuzzer (`make fuzz`) and by the quick tests. What a function may raise by its contract is borne;
what it must never return is asserted.
"""

from collections.abc import Callable, Mapping

from tests.fuzz import messages, pages, urls
from tests.fuzz.archives import read_archive
from tests.fuzz.documents import reader
from tests.support.files.good import GOOD

Target = Callable[[bytes], None]

TARGETS: Mapping[str, Target] = {
    "url": urls.web_address,
    "address": urls.address,
    "upload_url": urls.upload,
    "seed": messages.seed,
    "order": messages.order,
    "source": messages.source,
    "lease": messages.lease,
    "robots": messages.robots,
    "site_file": messages.site_file,
    "tdm": messages.tdm,
    "directives": messages.rules_for_robots,
    "blocklist": messages.blocklist,
    "clamd": messages.scanner,
    "frame": messages.frame,
    "html": pages.html,
    "markdown": pages.markdown,
    "sitemap": pages.sitemap,
    "chunks": pages.chunks,
    **{kind: reader(kind) for kind in ("pdf", "docx", "pptx", "xlsx", "odt", "epub", "csv")},
    "zip": read_archive,
    "tar": read_archive,
}


def seeds(name: str) -> tuple[bytes, ...]:
    """Good input to begin with: what the fuzzer changes to come further than random bytes would."""
    if name in GOOD:
        return (GOOD[name][1](),)
    return {**urls.SEEDS, **messages.SEEDS, **pages.SEEDS}[name]
