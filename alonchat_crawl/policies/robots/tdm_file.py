"""/.well-known/tdmrep.json says for which of a site's URLs the right to mine them is reserved. Pure.

TDM Reservation Protocol, W3C community group report of 10 May 2024:
https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from alonchat_crawl.policies.robots.fetch_state import FileBody
from alonchat_crawl.policies.robots.path_patterns import Pattern, Patterns, Rank, path_of

UNSET = -1


def reservation(value: object) -> bool | None:
    """What a `tdm-reservation` means: True for 1 (reserved), False for 0, None for anything else.

    Headers and meta tags hold text, so text is accepted in the file, too.
    """
    if isinstance(value, str):
        return {"0": False, "1": True}.get(value.strip())
    return bool(value) if type(value) is int and value in {0, 1} else None


def condensed(body: FileBody) -> bytes:
    """Return only the rules of a file; no rules if it is not such a file."""
    return json.dumps([[location, value] for location, value in _rules(body.octets)]).encode()


def _rules(octets: bytes) -> Iterator[tuple[str, int]]:
    try:
        found: Any = json.loads(octets)
    except (ValueError, RecursionError):
        return
    for rule in found if isinstance(found, list) else ():
        match rule:
            case {"location": str(location)}:
                value = reservation(rule.get("tdm-reservation"))
                yield location, UNSET if value is None else int(value)


class Reservations:
    """A site's rules, parsed."""

    def __init__(self, condensed: bytes) -> None:
        self._patterns = Patterns(_ranked(json.loads(condensed)))

    def of(self, url: str) -> bool | None:
        """Whether `url` is reserved, by the first matching rule; None if no rule says so or not."""
        rank = self._patterns.best(path_of(url))
        return None if rank is None or rank[1] == UNSET else bool(rank[1])


def _ranked(rules: Iterable[tuple[str, int]]) -> Iterator[tuple[Pattern, Rank]]:
    for place, (location, value) in enumerate(rules):
        if location[:1] in {"/", "*"}:
            yield Pattern.of(location.encode("utf-8", "replace")), (-place, value)
