"""Whether what is stored stays as it is when it is written again."""

import importlib

# Where the writer may be found; the first that exists is used.
WRITERS = ("alonchat_crawl.extract.writer:write", "alonchat_crawl.extract.write:write")


def _writer():
    for place in WRITERS:
        module, _, name = place.partition(":")
        try:
            return getattr(importlib.import_module(module), name)
        except ImportError:
            continue
    return None


write = _writer()


def changed(markdown: str) -> str:
    """What writing the text again makes of it, where that is another text; empty where it is the same."""
    if write is None:
        return ""
    again = write(markdown)
    return again if again.strip("\n").rstrip() != markdown.strip("\n").rstrip() else ""
