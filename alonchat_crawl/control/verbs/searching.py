"""Search what was stored in a project."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection

from alonchat_crawl.control.verbs.errors import NotFoundError, NotPossibleError
from alonchat_crawl.embedding import Embedder
from alonchat_crawl.embedding.windows import prefix_of
from alonchat_crawl.storage.search import EVERYTHING, Hit, SearchFilter, best_windows, project_state, search


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and where to search for its answers."""

    text: str
    project: str
    """The project's name or id as it was given, for messages."""
    project_id: UUID
    count: int
    """Answers at most."""
    neighbours: int = 0
    """How many chunks before and after each answer come with it."""
    only: SearchFilter = EVERYTHING


@dataclass(frozen=True, slots=True)
class Answer:
    """A chunk that was found, and its best window."""

    hit: Hit
    window: str
    """The chunk's part that is nearest to the question, or its beginning if only its words matched; Markdown
    without link targets."""


async def find_answers(
    connection: Connection, embedder: Callable[[], Embedder], scheme: str, question: Question
) -> list[Answer]:
    """Return the best chunks first. Raises NotFoundError or NotPossibleError if there is none.

    `embedder` is called only if there is something to search, since a model takes a while to load. `scheme`
    names the kind of its vectors. The connection is used in another thread.
    """
    return await asyncio.to_thread(_find, connection, embedder, scheme, question)


def _find(
    connection: Connection, embedder: Callable[[], Embedder], scheme: str, question: Question
) -> list[Answer]:
    text = question.text.encode(errors="replace").decode().strip()  # an argument may hold any bytes
    _check(connection, scheme, question, text)
    model = embedder()
    vector = model.embed_query(text)
    hits = search(
        connection,
        question.project_id,
        vector,
        text,
        question.count,
        only=question.only,
        neighbours=question.neighbours,
    )
    if not hits:
        raise NotFoundError(f"Nothing in project {question.project!r} answers that.")
    best = best_windows(connection, [hit.chunk_id for hit in hits], scheme, vector)
    return _answers(hits, model, best)


def _check(connection: Connection, scheme: str, question: Question, text: str) -> None:
    project = question.project
    if not text:
        raise NotPossibleError("The question is empty.")
    state = project_state(connection, question.project_id)
    if state is None:
        raise NotFoundError(f"There is no project {project!r}; crawl something for it first.")
    if not state.searchable:
        raise NotFoundError(f"Nothing is stored in project {project!r} yet.")
    if state.scheme != scheme:
        raise NotPossibleError(
            f"Project {project!r} is embedded by {state.scheme}, and questions would be by {scheme}: run "
            f"`scrapy reembed -a project={project}`, or set the EMBEDDING_… variables as they were."
        )


def _answers(hits: Sequence[Hit], model: Embedder, best: Mapping[UUID, int]) -> list[Answer]:
    found = []
    for hit in hits:
        windows = model.cut(hit.title, hit.heading_path, hit.content).windows
        index = best.get(hit.chunk_id, 0)
        window = windows[index] if index < len(windows) else windows[0]
        if prefix_of(hit.title, hit.heading_path):
            _, _, window = window.partition("\n")
        found.append(Answer(hit, window))
    return found
