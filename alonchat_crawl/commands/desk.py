"""What the operator's commands share: servers, arguments, and text from outside made fit to print."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings
from scrapy.utils.conf import arglist_to_dict

from alonchat_crawl.errors import ReasonedError, StartupError
from alonchat_crawl.frontier.shards import Shards, agreed_count
from alonchat_crawl.operations.logs.shown_urls import HIDDEN, shown_urls
from alonchat_crawl.redis_keys import SHARD_COUNT
from alonchat_crawl.servers.connections import Connections

INTERRUPTED = 130
PIPED_COLUMNS = 240  # where no terminal says how wide it is
TABLE_COLUMNS = 120  # below it a table's cells would be cut into pieces

# Of a URL whose scheme was forgotten. Bounded, and so linear: a seed may be anything.
_CREDENTIALS = re.compile(r"""(?<![^\s"'])[^\s/?#"'<>:@]{1,200}:[^\s/?#"'<>@]{1,200}@""")


class UnableError(Exception):
    """What was asked for cannot be done; its text is the sentence that says why."""


def run(work: Coroutine[Any, Any, int]) -> int:
    """Do a command's work and return its exit code: 1 with one sentence where something prevents it."""
    try:
        code = asyncio.run(work)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough; Python would complain once more at its exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (UnableError, StartupError, ReasonedError) as error:
        complain(str(error))
    except RedisError as error:
        complain(f"Redis cannot serve us: {error}")
    except KeyboardInterrupt:
        return INTERRUPTED
    else:
        return code
    return 1


@asynccontextmanager
async def frontier(settings: BaseSettings) -> AsyncIterator[tuple[Shards, Connections]]:
    """Open the frontier; Postgres too, once it is asked for. Raises StartupError."""
    _check_place(settings)
    connections = Connections(settings)
    try:
        shards = Shards.from_settings(settings, connections.redis)
        own = len(shards.queues)
        agreed = await agreed_count(connections.redis.get(SHARD_COUNT.of())) or own
        if agreed != own:  # only looked at: what Shards.check does is up to the workers
            raise StartupError(
                f"FRONTIER_SHARDS={own}, but the workers of this Redis use {agreed}: set it to {agreed}."
            )
        for queue in shards.queues:
            await queue.sweep()
        yield shards, connections
    finally:
        await connections.close()


def _check_place(settings: BaseSettings) -> None:
    """Start no server where none was ever: it would know of nothing. Raises StartupError."""
    folder = Path(settings["ALONCHAT_DATA_DIR"]).absolute()
    if not settings["REDIS_URL"] and not folder.exists():
        raise StartupError(f"There is no {folder}, and REDIS_URL is not set: go to where the crawler runs.")


def words(args: list[str]) -> list[str]:
    """Return the arguments without the options that Scrapy lets pass: unknown ones are wrong usage."""
    if unknown := [arg for arg in args if arg.startswith("-") and arg != "--"]:
        raise UsageError(f"there is no option {unknown[0]}", print_help=False)
    return [arg for arg in args if arg != "--"]


def named(arguments: list[str], known: Collection[str]) -> dict[str, str]:
    """Return what -a gives; an empty value is wrong usage, since it must not mean all."""
    choices = ", ".join(f"-a {name}=" for name in known)
    try:
        given = arglist_to_dict(arguments)
    except ValueError:
        raise UsageError(f"Invalid -a value, use {choices}", print_help=False) from None
    if unknown := [name for name in given if name not in known]:
        raise UsageError(f"this command knows {choices} only, not {unknown[0]}", print_help=False)
    if empty := [name for name, value in given.items() if not value]:
        raise UsageError(f"-a {empty[0]}= needs a value", print_help=False)
    return given


def hidden(text: str, *, files: bool = False) -> str:
    """Return text without user names and passwords, and of its URLs what may be shown.

    With `files` no value of a query is: the text is of an upload.
    """
    return _CREDENTIALS.sub(f"{HIDDEN}@", shown_urls(text, files=files))


def told(value: Any) -> Any:
    """Return what is to be printed as JSON with every text in it as `hidden` shows it."""
    if isinstance(value, str):
        return hidden(value)
    if isinstance(value, dict):
        return {name: told(one) for name, one in value.items()}
    return [told(one) for one in value] if isinstance(value, list | tuple) else value


def printable(text: object, *, files: bool = False) -> str:
    """Return text on one line, without credentials or what could steer a terminal or reorder the line.

    Wrap it in `rich.text.Text`, which reads no markup.
    """
    shown = hidden(str(text), files=files)
    return " ".join("".join(char if char.isprintable() else " " for char in shown).split())


def complain(sentence: str) -> None:
    """Say on stderr what is wrong."""
    print(printable(sentence), file=sys.stderr)


def console() -> Console:
    """Return stdout for tables: as wide as the terminal, or wide enough."""
    shown = Console(highlight=False)
    piped = not shown.is_terminal and "COLUMNS" not in os.environ
    return Console(highlight=False, width=PIPED_COLUMNS) if piped else shown


def table(names: Sequence[str], rows: Sequence[Sequence[object]], width: int) -> RenderableType:
    """Return a table, or where it would be cramped a paragraph a row; the first cell is in one piece."""
    if width < TABLE_COLUMNS:
        return Group(*(_paragraph(names, row) for row in rows))
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for index, name in enumerate(names):
        numbers = all(isinstance(row[index], int) for row in rows)
        shown.add_column(
            name, justify="right" if numbers else "left", no_wrap=index == 0 or numbers, overflow="fold"
        )
    for row in rows:
        shown.add_row(*(Text(printable(cell)) for cell in row))
    return shown


def _paragraph(names: Sequence[str], row: Sequence[object]) -> RenderableType:
    named_cells = zip(names[1:], map(printable, row[1:]), strict=True)
    said = " · ".join(f"{name} {cell}" for name, cell in named_cells if cell)
    return Group(Text(printable(row[0]), style="bold"), Padding(Text(said, overflow="fold"), (0, 0, 0, 2)))
