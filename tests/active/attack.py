"""Payloads through the program and the renderers."""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.active.forms import FORMS
from tests.active.renderers import Finding, Renderers
from tests.active.rewriting import changed
from tests.active.stored import WRITTEN, Stored, links, stored

PAYLOADS = 5  # in one piece of work
SHOWN_MAX_CHARS = 20_000


class Case(NamedTuple):
    """A payload in a form."""

    corpus: str
    form: str
    payload: str


@dataclass(slots=True)
class Tally:
    """What was tried and found."""

    tried: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By corpus, form and renderer."""
    found: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """By corpus, form, renderer and level: texts with at least one such finding."""
    lines: list[str] = field(default_factory=list)
    """A JSON line for each text and renderer with a finding, but for links of bare addresses."""

    def add(self, other: "Tally") -> None:
        """Take in what another process found."""
        self.tried.update(other.tried)
        self.found.update(other.found)
        self.lines += other.lines

    def count(self, level: str) -> int:
        """Texts with such a finding, each once for each renderer."""
        return sum(number for key, number in self.found.items() if key[3] == level)


class Attack:
    """Judges what is stored of cases; keeps a node running."""

    def __init__(self) -> None:
        self.renderers = Renderers()
        self._known: dict[tuple[str, str], list[Finding]] = {}

    def run(self, cases: Iterable[Case]) -> Tally:
        """Store, render and judge; node works while the next case is stored."""
        tally = Tally()
        waiting: tuple[Case, list[Stored], list[Stored]] | None = None
        for case in cases:
            source = FORMS[case.form](case.payload)
            texts = list(dict.fromkeys(text for text in stored(source) if text.text))
            fresh = [text for text in texts if (text.kind, text.text) not in self._known]
            if waiting:
                self._settle(tally, *waiting)
            self.renderers.send([(kind, text, links(source)) for kind, _, text in fresh])
            waiting = case, texts, fresh
        if waiting:
            self._settle(tally, *waiting)
        return tally

    def _settle(self, tally: Tally, case: Case, texts: Sequence[Stored], fresh: Sequence[Stored]) -> None:
        for text, found in zip(fresh, self.renderers.receive(), strict=True):
            again = changed(text.text) if text.part in WRITTEN else None
            more = [] if again is None else [Finding("write", "changed", "changed", again[:SHOWN_MAX_CHARS])]
            self._known[text.kind, text.text] = found + more
        for text in texts:
            for name in self.renderers.names[text.kind]:
                tally.tried[case.corpus, case.form, name] += 1
            self._count(tally, case, text, self._known[text.kind, text.text])

    def _count(self, tally: Tally, case: Case, text: Stored, found: Sequence[Finding]) -> None:
        for renderer, level in dict.fromkeys((each.renderer, each.level) for each in found):
            tally.found[case.corpus, case.form, renderer, level] += 1
            if level in {"autolinked", "unfenced"}:
                continue
            shown = [
                (each.kind, each.detail) for each in found if (each.renderer, each.level) == (renderer, level)
            ]
            entry = {
                **case._asdict(),
                "payload": case.payload[:SHOWN_MAX_CHARS],
                "part": text.part,
                "stored": text.text[:SHOWN_MAX_CHARS],
                "renderer": renderer,
                "level": level,
                "found": shown,
            }
            tally.lines.append(json.dumps(entry, ensure_ascii=False))


def attack(cases: Sequence[Case]) -> Iterator[Tally]:
    """Run cases on all cores; yields what each piece of work found, as it ends."""
    pieces = [
        cases[first : first + PAYLOADS * len(FORMS)] for first in range(0, len(cases), PAYLOADS * len(FORMS))
    ]
    with ProcessPoolExecutor(min(len(pieces), os.cpu_count() or 1), initializer=_begin) as pool:
        yield from pool.map(_piece, pieces)


_running: list[Attack] = []


def _begin() -> None:
    _running.append(Attack())


def _piece(cases: Sequence[Case]) -> Tally:
    return _running[0].run(cases)
