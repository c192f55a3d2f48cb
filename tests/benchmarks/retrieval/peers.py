"""What the peers find: their vectors are made once for a corpus and kept in the data folder."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.benchmarks.peers import environment
from tests.benchmarks.retrieval.corpus import SITE, Corpus, data_folder
from tests.benchmarks.retrieval.scoring import Hits
from tests.sites.server import Answer, Route, Site

EDITION = 2  # of what a recipe does: what was found by another is not used
RECIPES = {
    "beautifulsoup": "LangChain: BeautifulSoup, recursive 1000/200",
    "crawl4ai": "Crawl4AI: Markdown, recursive 1000/200",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """One recipe's outcome."""

    name: str
    chunks: int
    """As many vectors."""
    runs: dict[str, Hits]
    """By way to search: vectors, BM25, and both."""


def found_by(recipe: str, corpus: Corpus) -> Peer:
    """Return what the recipe finds; the first time takes minutes. Raises MissingDataError."""
    queries = [query.text for of_set in corpus.queries.values() for query in of_set]
    key = sha256(json.dumps([corpus.digest, queries, EDITION]).encode()).hexdigest()
    folder = data_folder() / "peers" / f"{recipe}-{key[:16]}"
    if not (folder / "found.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _run(recipe, corpus, queries, folder)
    found = json.loads((folder / "found.json").read_text())
    return Peer(RECIPES[recipe], found["chunks"], found["hits"])


def _run(recipe: str, corpus: Corpus, queries: list[str], folder: Path) -> None:
    routes: dict[str, Route] = {f"/{path}": Answer(html.encode()) for path, html in corpus.pages.items()}
    with Site(routes, "127.0.3.1").serving() as site:
        job = {
            "folder": str(folder),
            "recipe": recipe,
            "pages": dict(corpus.pages),
            "site": f"{site.url}/",
            "known_as": SITE,
            "vectors": str(folder.parent / "vectors.sqlite"),
            "queries": queries,
        }
        (folder / "job.json").write_text(json.dumps(job))
        environment.run("recipes", str(folder / "job.json"))
