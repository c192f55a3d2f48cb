"""Blocklists: 500,000 domains in memory, and what a check of a URL costs; half of the URLs are on the list.

Each way runs in a process of its own. Memory is what that grew by for the list, once its modules were loaded;
a check takes the URL as it comes. Baselines of the same run: a Python set of strings, asked for the host and
all names above it, and Brave's ad blocker (the package `adblock`), given the list as rules ||domain^.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.bench import Bench
from tests.benchmarks.results import Row

ENTRIES = 500_000
ROUNDS = 3
OURS = "ours"
BASELINES = {"set": "a Python set of strings", "adblock": "adblock (Rust)"}
FIGURES = (
    ("bytes", "memory an entry", "bytes"),
    ("microseconds", "a check", "µs"),
    ("seconds", "reading the list", "s"),
)


def measure(bench: Bench) -> Iterator[Row]:
    """Yield memory, checks and loading, each beside both baselines."""
    entries = ENTRIES // 10 if bench.quick else ENTRIES
    path = bench.folder / "domains.txt"
    path.write_text("".join(f"{name}\n" for name in _names(entries)))
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in (OURS, *BASELINES)}
    for number in bench.rounds(ROUNDS):
        bench.say(f"blocklist: round {number + 1}, {entries} domains …")
        for way, answers in found.items():
            answers.append(_run(way, path))
    if len({answer["blocked"] for answers in found.values() for answer in answers}) != 1:
        raise RuntimeError(f"they disagree on what is blocked: {found}")
    for figure, what, unit in FIGURES:
        for way, baseline in BASELINES.items():
            yield Row(
                f"blocklist of {entries}: {what}",
                unit,
                [answer[figure] for answer in found[OURS]],
                baseline,
                [answer[figure] for answer in found[way]],
            )


def _names(count: int) -> Iterator[str]:
    """Domains as long as those of public lists are on average: some 16 characters."""
    endings = ("com", "net", "org", "xyz", "top", "co.uk", "ru", "info")
    for number in range(count):
        mixed = number * 2_654_435_761 % 2**32  # Knuth's multiplicative hash: no two are alike
        yield f"site{mixed:x}.{endings[number % len(endings)]}"


def _run(way: str, path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.blocklist_process", way, str(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
