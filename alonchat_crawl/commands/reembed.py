"""`scrapy reembed`: embeds a project anew where it is stored, while the old vectors serve."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings

from alonchat_crawl.commands import desk
from alonchat_crawl.identity import as_uuid

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

    from alonchat_crawl.embedding import Embedder
    from alonchat_crawl.storage.projects import ProjectRecord, Unembedded


class Command(ScrapyCommand):
    """Brings projects to the embedding that the settings name."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Stand in the usage."""
        return "[-a project=ID | --all]"

    def short_desc(self) -> str:
        """Stand in the list of commands."""
        return "Embed a project's chunks by another model, while the old vectors serve"

    def add_options(self, parser: ArgumentParser) -> None:
        """Add -a and --all to Scrapy's own."""
        super().add_options(parser)
        parser.add_argument("-a", dest="arguments", action="append", default=[], metavar="project=ID",
                            help="the project (default: the default project)")  # fmt: skip
        parser.add_argument("--all", action="store_true", help="every project that is embedded otherwise")

    def run(self, args: list[str], opts: Namespace) -> None:
        """Exit with 1 and one sentence where it cannot be done; what was done by then is kept."""
        assert self.settings is not None  # noqa: S101 - set by Scrapy; for the type checker
        if desk.words(args) or (opts.all and opts.arguments):
            raise UsageError("give -a project=ID, or --all, and nothing else", print_help=False)
        named = desk.named(opts.arguments, ["project"])
        only = None if opts.all else as_uuid(named.get("project") or self.settings["DEFAULT_PROJECT"])
        self.exitcode = desk.run(_reembed(self.settings, only))


async def _reembed(settings: BaseSettings, only: UUID | None) -> int:
    from alonchat_crawl.embedding import Embedder, scheme  # noqa: PLC0415
    from alonchat_crawl.servers.connections import Connections  # noqa: PLC0415  slow: not for every command
    from alonchat_crawl.storage.projects import read_projects  # noqa: PLC0415

    connections, wanted = Connections(settings), scheme(settings)
    try:
        pool = await connections.postgres()
        projects = await read_projects(pool, only)
        if not projects:
            raise desk.UnableError("There is no such project; crawl something for it first.")
        embedder = Embedder.from_settings(settings)
        for project in projects:
            if project.scheme is None:
                print(f"{desk.printable(project.name)}: nothing to do")
            else:
                await _project(pool, embedder, project, wanted)
    finally:
        await connections.close()
    return 0


async def _project(
    pool: "AsyncConnectionPool", embedder: "Embedder", project: "ProjectRecord", wanted: str
) -> None:
    from alonchat_crawl.errors import GiveUp  # noqa: PLC0415
    from alonchat_crawl.storage.projects import add_vectors, serve, unembedded  # noqa: PLC0415

    name = desk.printable(project.name)
    if project.scheme != wanted:
        print(f"{name}: from {project.scheme} to {wanted} …", file=sys.stderr)
    chunks = windows = 0
    served = False
    while not served:  # a crawl by the old settings may add to it meanwhile
        async for batch in unembedded(pool, project.id, wanted):
            vectors = await asyncio.to_thread(_embedded, embedder, batch)
            try:
                await add_vectors(pool, batch, vectors, wanted)
            except GiveUp:  # one of them was deleted meanwhile; the rest comes again
                continue
            chunks, windows = chunks + len(batch), windows + sum(map(len, vectors))
            print(f"{name}: {chunks} chunks, {windows} windows", file=sys.stderr)
        served = await serve(pool, project.id, wanted)
    if project.scheme == wanted and not chunks:
        print(f"{name}: nothing to do")
        return
    print(f"{name}: {chunks} chunks embedded anew, {windows} windows; it is searched by {wanted}")


def _embedded(embedder: "Embedder", chunks: Sequence["Unembedded"]) -> list[Any]:
    """Return float32[windows, 384] a chunk."""
    cuts = [embedder.cut(chunk.title, chunk.heading_path, chunk.content).windows for chunk in chunks]
    vectors = iter(embedder.embed([text for windows in cuts for text in windows]))
    return [[next(vectors) for _ in windows] for windows in cuts]
