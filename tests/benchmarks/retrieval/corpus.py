"""The pages that are searched: Python's documentation as Debian packages it, and what is chosen of it.

All pages that answer an index term, and DISTRACTORS that answer none: those of at most DISTRACTOR_BYTES
whose path's SHA-256 comes first. Left out are the pages of python.excluded.txt (the index itself, the
search, the sources: they would match trivially), the changelog, and what's new in releases that answer
nothing. Out of the pages the sentences of the second set of queries are withheld: nobody sees them.

The small corpus is for choosing in minutes: its pages of at most SMALL_BYTES, with the queries that are
answered by these alone.
"""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from tests.benchmarks.retrieval.queries import Query, read_terms
from tests.benchmarks.retrieval.sentences import withhold

ROOT = Path(__file__).parents[3]
PACKAGE = "python3.11-doc"
TREE = "usr/share/doc/python3.11/html"
SITE = "http://docs.example/"  # stands before a page's path, where a URL is asked for
DISTRACTORS = 40
DISTRACTOR_BYTES = 100_000  # of HTML: a few giants would take most of the time
SMALL_BYTES = 150_000  # of HTML
LEFT_OUT = "whatsnew/"  # lists of everything, of hundreds of kilobytes each


class MissingDataError(Exception):
    """What a benchmark needs is not here and cannot be fetched; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """What all systems are given, and what they are asked."""

    pages: Mapping[str, str]
    """HTML by path (`library/os.html`), in order of the paths; the withheld sentences are gone."""
    terms: tuple[Query, ...]
    """The documentation's own index."""
    sentences: tuple[Query, ...]
    """What was withheld."""

    @property
    def queries(self) -> Mapping[str, tuple[Query, ...]]:
        """Both sets, by name."""
        return {"terms": self.terms, "sentences": self.sentences}

    @property
    def digest(self) -> str:
        """Changes with any page's text."""
        return sha256("\0".join(f"{path}\0{html}" for path, html in self.pages.items()).encode()).hexdigest()

    @property
    def small(self) -> "Corpus":
        """The part that is quickly embedded."""
        pages = {path: html for path, html in self.pages.items() if len(html) <= SMALL_BYTES}
        terms, sentences = (
            tuple(query for query in queries if query.pages <= pages.keys())
            for queries in (self.terms, self.sentences)
        )
        return Corpus(pages, terms, sentences)


def data_folder() -> Path:
    """Where benchmarks keep what they fetched and what took long: BENCH_DATA, or .bench in the checkout."""
    folder = Path(os.environ.get("BENCH_DATA") or ROOT / ".bench")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


@cache
def read_corpus() -> Corpus:
    """Fetch the package where that was not done, and choose. Raises MissingDataError."""
    tree = _unpacked()
    terms = read_terms()
    html = {path: (tree / path).read_text() for path in _chosen(tree, terms)}
    pages, sentences = withhold(html)
    return Corpus(pages, terms, sentences)


def _chosen(tree: Path, terms: tuple[Query, ...]) -> list[str]:
    excluded = set(Path(__file__).with_name("python.excluded.txt").read_text().split())
    answers = {page for query in terms for page in query.pages}
    others = [
        path
        for file in tree.rglob("*.html")
        if (path := file.relative_to(tree).as_posix()) not in excluded | answers
        and not path.startswith(LEFT_OUT)
        and file.stat().st_size <= DISTRACTOR_BYTES
    ]
    others.sort(key=lambda path: sha256(path.encode()).digest())
    return sorted(answers.union(others[:DISTRACTORS]))


def _unpacked() -> Path:
    folder = data_folder() / "debian" / PACKAGE
    if not (folder / TREE).is_dir():
        folder.parent.mkdir(exist_ok=True)
        try:
            _run("apt-get", "download", PACKAGE, folder=folder.parent)
            archive = max(folder.parent.glob(f"{PACKAGE}_*.deb"))
            _run("dpkg", "-x", str(archive), str(folder), folder=folder.parent)
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            raise MissingDataError(
                f"{PACKAGE} is not in {folder} and could not be fetched ({error}). On Debian 12 run "
                f"`apt-get download {PACKAGE} && dpkg -x {PACKAGE}_*.deb {folder}`, or copy that folder."
            ) from error
    return folder / TREE


def _run(*command: str, folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
