"""What is asked: a text, the pages that answer it, and the half of the set it belongs to."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Query:
    """A question and its right answers."""

    text: str
    pages: frozenset[str]
    """Paths; any of them is right."""
    split: str
    """`dev`, to choose on, or `test`, to report."""


def read_terms() -> tuple[Query, ...]:
    """Return 400 terms of the documentation's index with the pages that they point to."""
    lines = Path(__file__).with_name("python.jsonl").read_text().splitlines()
    return tuple(Query(row["query"], frozenset(row["pages"]), row["split"]) for row in map(json.loads, lines))
