"""`scrapy search`: answer a question from what was stored."""

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scrapy.exceptions import UsageError

from alonchat_crawl.control.verbs.names import find_project_id, find_source_id
from alonchat_crawl.items import ContentType
from alonchat_crawl.operations.logs.shown_urls import shown_urls
from alonchat_crawl.operations.terminal.arguments import add_names, named, whole_number
from alonchat_crawl.operations.terminal.command import OperatorCommand, Servers, SubCommand
from alonchat_crawl.operations.terminal.console import stdout
from alonchat_crawl.operations.terminal.marked_words import marked
from alonchat_crawl.operations.terminal.terminal_text import terminal_text

if TYPE_CHECKING:
    from alonchat_crawl.control.verbs.searching import Answer, Question

JSON_FIELDS = ("score", "similarity", "url", "title", "heading_path", "content", "content_type", "language",
               "position", "before", "after", "signals")  # fmt: skip
WINDOW_CHARS = 600
"""About eight lines of a terminal. A window of 128 tokens is seldom longer."""
COUNT_MAX = 10**6
INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
"""Marks where a word may or may not be broken. Pages have many; they are not printed."""


class Command(OperatorCommand):
    summary = "Search what was stored"
    usage = '[options] "question"'

    def default(self) -> SubCommand:
        return SubCommand("search", self.summary, _search, _options)


def _options(parser: ArgumentParser) -> None:
    add_names(parser, meaning="the project to search, by name or id (default: the project `default`)")
    parser.add_argument("words", nargs="*", metavar="question", help="in quotes")
    parser.add_argument("-n", dest="count", type=whole_number(1, COUNT_MAX), metavar="N",
                        help="print at most N chunks, up to 200 (default: 5)")  # fmt: skip
    parser.add_argument("--source", action="append", metavar="ID", help="only of this source")
    parser.add_argument(
        "--type", action="append", choices=list(ContentType), help="only of this content type"
    )
    parser.add_argument(
        "--language", action="append", metavar="CODE", help="only in this language: en, de, …"
    )
    parser.add_argument("--since", type=_day, metavar="YYYY-MM-DD",
                        help="only of pages modified (else published, else fetched) since")  # fmt: skip
    parser.add_argument("--neighbours", type=whole_number(0, COUNT_MAX), default=0, metavar="N",
                        help="with --json, give the N chunks (to 5) before and after each")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def _day(text: str) -> datetime:
    """Read a day, or a moment, of ISO 8601; UTC if it says no zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("it takes a day such as 2026-11-26") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def _search(opts: Namespace, servers: Servers) -> int:
    # Scrapy imports all commands to run one: what is slow to import is imported where it is needed.
    import psycopg  # noqa: PLC0415

    from alonchat_crawl.control.verbs.searching import find_answers  # noqa: PLC0415
    from alonchat_crawl.embedding import Embedder, scheme  # noqa: PLC0415
    from alonchat_crawl.servers.connections import database_url  # noqa: PLC0415
    from alonchat_crawl.storage.faults import translated  # noqa: PLC0415

    settings = servers.settings
    question = await _question(opts, servers)
    with (
        translated(),
        closing(psycopg.connect(database_url(settings), autocommit=True, prepare_threshold=None)) as opened,
    ):
        answers = await find_answers(
            opened, lambda: Embedder.from_settings(settings), scheme(settings), question
        )
    if opts.json:
        _print_json(answers)
    else:
        _print_text(answers, question.text)
    return 0


async def _question(opts: Namespace, servers: Servers) -> "Question":
    from alonchat_crawl.control.verbs.searching import Question  # noqa: PLC0415
    from alonchat_crawl.storage.search import SearchFilter  # noqa: PLC0415

    if len(opts.words) != 1:
        raise UsageError("give one question, in quotes", print_help=False)
    default = servers.settings["DEFAULT_PROJECT"]
    project = named([one for one in opts.arguments if one != "project="]).get("project", default)
    project_id = await find_project_id(servers.postgres, project)
    sources = opts.source and [
        await find_source_id(None, servers.postgres, word, project_id, project_id) for word in opts.source
    ]
    return Question(
        text=opts.words[0],
        project=project,
        project_id=project_id,
        count=opts.count or servers.settings.getint("SEARCH_RESULTS"),
        neighbours=opts.neighbours,
        only=SearchFilter(sources, opts.type, opts.language, opts.since),
    )


def _print_json(answers: "Sequence[Answer]") -> None:
    for answer in answers:
        told = {name: getattr(answer.hit, name) for name in JSON_FIELDS}
        print(json.dumps(told | {"url": shown_urls(answer.hit.url)}))


def _print_text(answers: "Sequence[Answer]", question: str) -> None:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from alonchat_crawl.extract.markdown.plain_text import plain_text  # noqa: PLC0415

    out = stdout()
    for rank, answer in enumerate(answers, 1):
        hit = answer.hit
        window = _shortened("\n".join(map(_line, plain_text(answer.window).splitlines())))
        headings = " › ".join(map(_line, hit.heading_path))
        # `Text` is not read for markup, so a page cannot style what is shown of it.
        facts = Text.assemble(
            (_line(hit.title) or "(no title)", "cyan"), (f"  {hit.score:.4f}\n", "dim"),
            (_line(hit.url), "blue"), (f"\n{headings}" if headings else "", "green"),
            (f"\n⚠ {_warning(hit.signals)}" if hit.signals else "", "yellow"), "\n",
        )  # fmt: skip
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(Text(f"{rank}.", style="dim"), marked(window, question))
        grid.add_row("", facts)
        out.print(grid)


def _line(text: str) -> str:
    return terminal_text(text.translate(INVISIBLE))


def _shortened(text: str) -> str:
    return text if len(text) <= WINDOW_CHARS else text[:WINDOW_CHARS].rsplit(maxsplit=1)[0] + " …"


def _warning(signals: Mapping[str, int]) -> str:
    return "may be an attempt at prompt injection: " + ", ".join(
        f"{terminal_text(kind)} {count}" for kind, count in sorted(signals.items())
    )
