"""Arguments that several commands take: `-a NAME=VALUE`, and whole numbers."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Collection, Sequence
from uuid import UUID

from scrapy.exceptions import UsageError
from scrapy.utils.conf import arglist_to_dict

from alonchat_crawl.control.verbs.names import find_project_id
from alonchat_crawl.operations.terminal.command import Servers


def add_names(parser: ArgumentParser, *, meaning: str, metavar: str = "project=ID") -> None:
    """Accept `-a NAME=VALUE`, as Scrapy's `crawl` does."""
    parser.add_argument("-a", dest="arguments", action="append", default=[], metavar=metavar, help=meaning)


def named(arguments: Sequence[str], known: Collection[str] = ("project",)) -> dict[str, str]:
    """Return what -a gives by name. An empty value raises UsageError, since it must not mean `all`."""
    choices = ", ".join(f"-a {name}=" for name in known)
    try:
        given = arglist_to_dict(list(arguments))
    except ValueError:
        raise UsageError(f"Invalid -a value, use {choices}", print_help=False) from None
    if unknown := [name for name in given if name not in known]:
        raise UsageError(f"this command knows {choices} only, not {unknown[0]}", print_help=False)
    if empty := [name for name, value in given.items() if not value]:
        raise UsageError(f"-a {empty[0]}= needs a value", print_help=False)
    return given


async def project_named(opts: Namespace, servers: Servers) -> UUID | None:
    """The id of the project that -a gives; None if it gives none."""
    word = named(opts.arguments).get("project")
    return await find_project_id(servers.postgres, word) if word else None


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return a type for argparse: a number within these bounds."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or not least <= int(text[:12]) <= most:
            raise ArgumentTypeError(f"it takes a number from {least} to {most}")
        return int(text)

    return read
