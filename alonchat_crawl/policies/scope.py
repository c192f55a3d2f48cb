"""Decides which URLs belong to a source, by its host, its path and its patterns."""

import re
from fnmatch import translate
from functools import lru_cache
from urllib.parse import urlsplit

from alonchat_crawl.sources import Source


@lru_cache(maxsize=4096)
def _pattern(glob: str) -> re.Pattern[str]:
    # fnmatch's translation backtracks only to the last star, so a hostile glob is not slow.
    return re.compile(translate(glob))


def matches(globs: tuple[str, ...], url: str) -> bool:
    """Whether one of the globs matches the whole URL."""
    return any(_pattern(glob).match(url) for glob in globs)


def in_scope(source: Source, host: str, url: str) -> bool:
    """Whether a canonical URL belongs to the source, whose host (and port) is `host`.

    `exclude` overrides everything, `include` overrides host and path.
    """
    if matches(source.exclude, url):
        return False
    if matches(source.include, url):
        return True
    parts = urlsplit(url)
    return parts.netloc == host and parts.path.startswith(source.path_prefix)
