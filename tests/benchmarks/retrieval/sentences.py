"""The second set of queries: whole sentences, taken out of the pages before anybody sees these.

A sentence may be chosen where it is prose of 8 to 30 words, starts with a capital and ends with a full
stop, has a neighbour in its paragraph, and its beginning stands once in the whole corpus. At most two a
page are taken, SENTENCES in all: the first by the SHA-256 of seed, path and sentence. Half of the pages,
by the same means, are `dev`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import unescape

from tests.benchmarks.retrieval.queries import Query

SENTENCES = 300
OF_A_PAGE = 2
UNIQUE_CHARACTERS = 60  # no other sentence begins with the same: its page would answer as well
SEED = "withheld sentences, 1"

MAIN = re.compile(r'<div class="body" role="main">.*?<div class="sphinxsidebar"', re.DOTALL)
PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
TEXT = re.compile(r"[^<>]+(?=<|$)|<[^>]*>")
SENTENCE = re.compile(r"(?:(?<=^)|(?<=[.!?:]\s))[A-Z][^\0]*?[^.\s]{2}\.(?=\s+[A-Z]|\s*$)")
WORD = re.compile(r"[A-Za-z]{2,}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence in a page's HTML."""

    path: str
    text: str
    places: tuple[int, ...]
    """Where its characters stand in the HTML, tags between them not counted."""

    @property
    def rank(self) -> bytes:
        """Decides what is taken."""
        return sha256(f"{SEED}\0{self.path}\0{self.text}".encode()).digest()


def withhold(pages: Mapping[str, str]) -> tuple[dict[str, str], tuple[Query, ...]]:
    """Return the pages without the chosen sentences, and these as queries."""
    everything = "\n".join(map(_plain, pages.values()))
    chosen: list[Candidate] = []
    taken = Counter[str]()
    found = (candidate for path, html in pages.items() for candidate in _candidates(path, html))
    for candidate in sorted(found, key=lambda candidate: candidate.rank):
        if len(chosen) == SENTENCES:
            break
        if taken[candidate.path] < OF_A_PAGE and everything.count(candidate.text[:UNIQUE_CHARACTERS]) == 1:
            taken[candidate.path] += 1
            chosen.append(candidate)
    chosen.sort(key=lambda candidate: (candidate.path, candidate.places))
    queries = tuple(Query(each.text, frozenset({each.path}), _split(each.path)) for each in chosen)
    return {path: _without(html, path, chosen) for path, html in pages.items()}, queries


def _split(path: str) -> str:
    return "dev" if sha256(f"{SEED}\0{path}".encode()).digest()[0] % 2 else "test"


def _plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


def _without(html: str, path: str, chosen: list[Candidate]) -> str:
    gone = {place for candidate in chosen if candidate.path == path for place in candidate.places}
    return "".join(character for place, character in enumerate(html) if place not in gone) if gone else html


def _candidates(path: str, html: str) -> Iterator[Candidate]:
    main = MAIN.search(html)
    if not main:
        return
    for paragraph in PARAGRAPH.finditer(html, main.start(), main.end()):
        inner, at = paragraph[1], paragraph.start(1)
        places = [
            at + place for part in TEXT.finditer(inner) if part[0][0] != "<" for place in range(*part.span())
        ]
        text = "".join(html[place] for place in places)
        sentences = [found for found in SENTENCE.finditer(text) if _fits(found[0])]
        for found in sentences:
            if found.end() - found.start() < len(text.strip()):  # a neighbour stays
                plain = " ".join(unescape(found[0]).split())
                yield Candidate(path, plain, tuple(places[found.start() : found.end()]))


def _fits(sentence: str) -> bool:
    words = sentence.split()
    return 8 <= len(words) <= 30 and len(WORD.findall(sentence)) >= 0.8 * len(words)
