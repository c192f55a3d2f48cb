"""`scrapy search`: asks what was stored."""

import json
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings
from scrapy.utils.conf import arglist_to_dict

from alonchat_crawl.errors import ReasonedError, StartupError
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.items import ContentType
from alonchat_crawl.operations.logs.shown_urls import shown_urls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alonchat_crawl.storage.search import Hit, SearchFilter

JSON_FIELDS = ("score", "similarity", "url", "title", "heading_path", "content", "content_type", "language",
               "position", "before", "after", "signals")  # fmt: skip
SNIPPET_CHARS = 320  # about four lines of a terminal


class UnansweredError(Exception):
    """There is nothing to show; its text is the sentence that says why."""


def _printable(text: str) -> str:
    """Return stored text on one line, without what could steer a terminal or reorder the text."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and of what."""

    text: str
    project: str
    count: int
    neighbours: int
    only: "SearchFilter"


def _find(settings: BaseSettings, question: Question) -> "list[Hit]":
    # Every command is imported by every other: what is slow is imported only where it is needed, and
    # the model last, when there is something to search.
    import psycopg  # noqa: PLC0415

    from alonchat_crawl.servers.connections import database_url  # noqa: PLC0415
    from alonchat_crawl.storage.faults import translated  # noqa: PLC0415
    from alonchat_crawl.storage.search import project_state, search  # noqa: PLC0415

    text = question.text.encode(errors="replace").decode().strip()  # an argument may hold any bytes
    if not text:
        raise UnansweredError("The question is empty.")
    project, url = question.project, database_url(settings)
    project_id = as_uuid(project)
    with translated(), psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        state = project_state(connection, project_id)
        if state is None:
            raise UnansweredError(f"There is no project {project!r}; crawl something for it first.")
        if not state.searchable:
            raise UnansweredError(f"Nothing is stored in project {project!r} yet.")
        from alonchat_crawl.embedding import Embedder, scheme  # noqa: PLC0415

        if state.scheme != (ours := scheme(settings)):
            raise UnansweredError(
                f"Project {project!r} is embedded by {state.scheme}, and questions would be by {ours}: run "
                f"`scrapy reembed -a project={project}`, or set the EMBEDDING_… variables as they were."
            )
        vector = Embedder.from_settings(settings).embed_query(text)
        hits = search(
            connection,
            project_id,
            vector,
            text,
            question.count,
            only=question.only,
            neighbours=question.neighbours,
        )
    if not hits:
        raise UnansweredError(f"Nothing in project {project!r} answers that.")
    return hits


def _as_json(hits: "list[Hit]") -> None:
    for hit in hits:
        told = {name: getattr(hit, name) for name in JSON_FIELDS}
        print(json.dumps(told | {"url": shown_urls(hit.url)}))


def _as_text(hits: "list[Hit]") -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False)
    for rank, hit in enumerate(hits, 1):
        snippet = _printable(hit.content)
        if len(snippet) > SNIPPET_CHARS:
            snippet = snippet[:SNIPPET_CHARS].rsplit(" ", 1)[0] + " …"
        headings = " › ".join(map(_printable, hit.heading_path))
        # `Text` is not read for markup, so a page cannot style what is shown of it.
        console.print(
            Text.assemble(
                (f"{rank}. ", "bold"), (_printable(hit.title) or "(no title)", "bold cyan"),
                (f"  {hit.score:.4f}\n", "dim"), (f"   {_printable(shown_urls(hit.url))}\n", "blue"),
                (f"   {headings}\n" if headings else "", "green"),
                (f"   ⚠ {_warning(hit.signals)}\n" if hit.signals else "", "yellow"),
                f"   {snippet}\n",
            ),
            soft_wrap=False,
        )  # fmt: skip


def _warning(signals: "Mapping[str, int]") -> str:
    return "may be an attempt at prompt injection: " + ", ".join(
        f"{kind} {count}" for kind, count in sorted(signals.items())
    )


def _day(text: str) -> datetime:
    """Read a day, or a moment, of ISO 8601; UTC where it says no zone. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Command(ScrapyCommand):
    """Searches one project and prints the best chunks."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Stand in the usage."""
        return '[options] "question"'

    def short_desc(self) -> str:
        """Stand in the list of commands."""
        return "Search what was stored"

    def add_options(self, parser: ArgumentParser) -> None:
        """Add what to search, how much to print, and how, to Scrapy's own."""
        super().add_options(parser)
        parser.add_argument("-a", dest="arguments", action="append", default=[], metavar="project=ID",
                            help="the project to search (default: the default project)")  # fmt: skip
        parser.add_argument(
            "-n", dest="count", type=int, metavar="N", help="print at most N chunks, 200 at most"
        )
        parser.add_argument(
            "--source", action="append", type=as_uuid, metavar="ID", help="only of this source"
        )
        parser.add_argument(
            "--type", action="append", choices=list(ContentType), help="only of this content type"
        )
        parser.add_argument(
            "--language", action="append", metavar="CODE", help="only in this language: en, de, …"
        )
        parser.add_argument("--since", type=_day, metavar="YYYY-MM-DD",
                            help="only of pages modified (else published, else fetched) since")  # fmt: skip
        parser.add_argument("--neighbours", type=int, default=0, metavar="N",
                            help="with --json, give the N chunks (to 5) before and after each")  # fmt: skip
        parser.add_argument("--json", action="store_true", help="print one JSON object a line")

    def run(self, args: list[str], opts: Namespace) -> None:
        """Exit with 1 and one sentence where nothing can be shown, with 2 where the usage is wrong."""
        assert self.settings is not None  # noqa: S101 - set by Scrapy; for the type checker
        count = self.settings.getint("SEARCH_RESULTS") if opts.count is None else opts.count
        project = self._project(opts.arguments, self.settings["DEFAULT_PROJECT"])
        if args[:1] == ["--"]:  # argparse leaves it when it keeps unknown options, as Scrapy asks it to
            args = args[1:]
        if len(args) != 1 or count < 1 or opts.neighbours < 0:
            raise UsageError("give one question, in quotes, and an N of at least 1", print_help=False)
        from alonchat_crawl.storage.search import SearchFilter  # noqa: PLC0415  see _find

        only = SearchFilter(opts.source, opts.type, opts.language, opts.since)
        try:
            hits = _find(self.settings, Question(args[0], project, count, opts.neighbours, only))
        except (UnansweredError, StartupError, ReasonedError) as error:
            print(shown_urls(str(error)), file=sys.stderr)
            self.exitcode = 1
            return
        (_as_json if opts.json else _as_text)(hits)

    @staticmethod
    def _project(arguments: list[str], default: str) -> str:
        try:
            given = arglist_to_dict(arguments)
        except ValueError:
            raise UsageError("Invalid -a value, use -a project=ID", print_help=False) from None
        project = given.pop("project", default)
        if given:
            raise UsageError(f"search knows -a project=ID only, not {', '.join(given)}", print_help=False)
        return project or default
