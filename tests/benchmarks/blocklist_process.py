"""`python -m tests.benchmarks.blocklist_process WAY FILE`: read a list one way, ask it, print the costs."""

import ctypes
import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from urllib.parse import urlsplit

import psutil

CHECKS = 20_000


def main(way: str, path: Path) -> None:
    """Print the figures as JSON."""
    names = path.read_text().split()
    step = len(names) * 2 // CHECKS or 1
    listed = [f"https://www.{name}/docs/page?id=1" for name in names[::step]][: CHECKS // 2]
    urls = [*listed, *(url.replace("site", "page", 1) for url in listed)]
    entries = len(names)
    del names
    load = {"ours": _ours, "set": _set, "adblock": _adblock}[way]
    one = path.with_name("one.txt")
    one.write_text("one.example\n")
    load(one)  # its modules, and the public suffix list
    before, began = _resident(), process_time()
    check = load(path)
    seconds = process_time() - began
    grown = _resident() - before
    began = process_time()
    blocked = sum(map(check, urls))
    took = process_time() - began
    figures = {
        "bytes": grown / entries,
        "microseconds": took / len(urls) * 1e6,
        "seconds": seconds,
        "blocked": blocked,
    }
    print(json.dumps(figures))  # noqa: T201 - its answer


def _resident() -> int:
    """Bytes of memory, after what is free has been given back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(psutil.Process().memory_info().rss)


def _ours(path: Path) -> Callable[[str], bool]:
    from alonchat_crawl.policies.blocklists.reader import ListReader  # noqa: PLC0415 - each way loads its own
    from alonchat_crawl.policies.blocklists.rule_set import Target  # noqa: PLC0415

    reader = ListReader()
    with path.open() as file:
        reader.read(file)
    rules = reader.finish()
    return lambda url: rules.match(Target.of_url(url)) is not None


def _set(path: Path) -> Callable[[str], bool]:
    with path.open() as file:
        names = {line.strip() for line in file}

    def check(url: str) -> bool:
        host = urlsplit(url).hostname or ""
        while host:
            if host in names:
                return True
            host = host.partition(".")[2]
        return False

    return check


def _adblock(path: Path) -> Callable[[str], bool]:
    import adblock  # noqa: PLC0415

    filters = adblock.FilterSet()
    with path.open() as file:
        filters.add_filters([f"||{line.strip()}^" for line in file])
    engine = adblock.Engine(filters)
    del filters
    return lambda url: bool(engine.check_network_urls(url, url, "document").matched)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
