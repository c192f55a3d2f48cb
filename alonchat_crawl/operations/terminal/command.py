"""The base of all operator's commands: sub-commands that argparse parses, and one runner for them.

A sub-command lets control/ do the work and prints the result. The exit code is 0, or 1 with one sentence on
stderr if it cannot be done, 2 for a wrong usage, 130 if it is interrupted.
"""

import argparse
import asyncio
import os
import sys
from abc import abstractmethod
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from redis.exceptions import RedisError
from scrapy.commands import ScrapyCommand, ScrapyHelpFormatter
from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings

from alonchat_crawl.control.verbs.errors import NotPossibleError
from alonchat_crawl.errors import ReasonedError, StartupError
from alonchat_crawl.frontier.shards import Shards, agreed_count
from alonchat_crawl.operations.terminal.console import complain
from alonchat_crawl.redis_keys import SHARD_COUNT
from alonchat_crawl.servers.connections import Connections

INTERRUPTED = 130


class Servers:
    """The servers that a command works with, each opened at first use."""

    def __init__(self, settings: BaseSettings) -> None:
        self.settings = settings
        self.connections = Connections(settings)
        self.postgres = self.connections.postgres
        self.close = self.connections.close

    async def frontier(self) -> Shards:
        """Open the frontier. Raises StartupError."""
        _check_place(self.settings)
        shards = Shards.from_settings(self.settings, self.connections.redis)
        own = len(shards.queues)
        agreed = await agreed_count(self.connections.redis.get(SHARD_COUNT.of())) or own
        if agreed != own:  # unlike Shards.check, a command must not change it
            raise StartupError(
                f"FRONTIER_SHARDS={own}, but the workers of this Redis use {agreed}: set it to {agreed}."
            )
        for queue in shards.queues:
            await queue.sweep()
        return shards


def _check_place(settings: BaseSettings) -> None:
    """Raise StartupError if no server ever ran here: one that is started now would hold nothing."""
    folder = Path(settings["ALONCHAT_DATA_DIR"]).absolute()
    if not settings["REDIS_URL"] and not folder.exists():
        raise StartupError(f"There is no {folder}, and REDIS_URL is not set: go to where the crawler runs.")


def _no_options(_parser: ArgumentParser) -> None:
    """For sub-commands without options."""


@dataclass(frozen=True, slots=True)
class SubCommand:
    """A verb of a command."""

    name: str
    help: str
    work: Callable[[Namespace, Servers], Coroutine[Any, Any, int]]
    """Takes the parsed arguments, prints, and returns the exit code."""
    options: Callable[[ArgumentParser], None] = _no_options


class OperatorCommand(ScrapyCommand):
    """A command. Without a verb it does its `default`."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}
    summary: ClassVar[str]
    """One line for the list of commands."""
    description: ClassVar[str] = ""
    usage: ClassVar[str] = "[options]"
    fallback: ClassVar[str] = ""
    """The sub-command for a single word that is no verb."""

    @abstractmethod
    def default(self) -> SubCommand:
        """What to do if no verb is given."""

    def subcommands(self) -> Sequence[SubCommand]:
        """Its verbs."""
        return ()

    def syntax(self) -> str:
        return self.usage

    def short_desc(self) -> str:
        return self.summary

    def long_desc(self) -> str:
        return self.description or self.summary

    def add_options(self, parser: ArgumentParser) -> None:
        super().add_options(parser)
        self.default().options(parser)
        subcommands = self.subcommands()
        if not subcommands:
            return
        command = type(self).__module__.rpartition(".")[2]
        added = parser.add_subparsers(
            action=_SubCommands, prog=f"scrapy {command}", metavar="VERB",
            help=f"see `scrapy {command} VERB --help`",
        )  # fmt: skip
        added.fallback = self.fallback  # type: ignore[attr-defined]
        for one in subcommands:
            own = added.add_parser(
                one.name, help=one.help, description=one.help, formatter_class=ScrapyHelpFormatter,
                conflict_handler="resolve",
            )  # fmt: skip
            super().add_options(own)
            one.options(own)

    def run(self, args: list[str], opts: Namespace) -> None:
        assert self.settings is not None  # noqa: S101 - set by Scrapy; for the type checker
        if unknown := [arg for arg in args if arg != "--"]:
            said = "there is no option" if unknown[0].startswith("-") else "there is no use for"
            raise UsageError(f"{said} {unknown[0]}", print_help=False)
        every = {one.name: one for one in self.subcommands()}
        chosen = every[opts.subcommand] if getattr(opts, "subcommand", "") else self.default()
        self.exitcode = _exit_code(_served(self.settings, partial(chosen.work, opts)))


class _SubCommands(argparse._SubParsersAction):  # type: ignore[type-arg] # noqa: SLF001 - what add_subparsers takes
    """Parses a verb and the words after it. Options before the verb count for it, too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fallback = ""
        self.choices = None  # type: ignore[assignment] # names are looked up below

    def __call__(
        self, parser: ArgumentParser, namespace: Namespace, values: Any, _option: str | None = None
    ) -> None:
        known: dict[str, ArgumentParser] = self._name_parser_map
        name, *words = values
        no_verb = f"there is no verb {name}: {', '.join(known)}"
        if is_other := name not in known:
            name, words = self.fallback or parser.error(no_verb), values
        found, unknown = known[name].parse_known_args(words)
        if is_other and unknown and not unknown[0].startswith("-"):
            parser.error(no_verb)
        for option, value in vars(namespace).items():
            if value == parser.get_default(option) or option == argparse._UNRECOGNIZED_ARGS_ATTR:  # noqa: SLF001
                continue
            if not hasattr(found, option):
                parser.error(f"{name} takes no such option: {option.replace('_', '-')}")
            own = getattr(found, option)
            if isinstance(own, list):
                setattr(found, option, [*value, *own])
            elif own == known[name].get_default(option):
                setattr(found, option, value)
        vars(namespace).update(vars(found), subcommand=name)
        if unknown:
            vars(namespace).setdefault(argparse._UNRECOGNIZED_ARGS_ATTR, []).extend(unknown)  # noqa: SLF001


async def _served(settings: BaseSettings, work: Callable[[Servers], Coroutine[Any, Any, int]]) -> int:
    servers = Servers(settings)
    try:
        return await work(servers)
    finally:
        await servers.close()


def _exit_code(work: Coroutine[Any, Any, int]) -> int:
    """Do a command's work and return its exit code. What prevents it is told in one sentence."""
    try:
        code = asyncio.run(work)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough; without this, Python complains again when it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (NotPossibleError, StartupError, ReasonedError) as error:
        complain(error)
    except RedisError as error:
        complain(f"Redis cannot serve this command: {error}")
    except KeyboardInterrupt:
        return INTERRUPTED
    else:
        return code
    return 1
