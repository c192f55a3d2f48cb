"""Seeds: the messages that ask for a source, from the terminal and from the web app's Redis list."""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Annotated, Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from redis.exceptions import RedisError
from scrapy.settings import BaseSettings

from alonchat_crawl.errors import GiveUp, Retry
from alonchat_crawl.extract.links import canonical_url
from alonchat_crawl.frontier.queue import FrontierQueue, Opened, awaited
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.sources import Source
from alonchat_crawl.storage.sources import begin_crawl

logger = logging.getLogger(__name__)

Name = Annotated[str, Field(min_length=1, max_length=200)]
Globs = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=500)], ...], Field(max_length=50)]


class SeedError(ValueError):
    """A seed that cannot be used; its text says why in one sentence."""


class Seed(BaseModel):
    """What one source's crawl is asked for with. Unknown keys change nothing."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", str_strip_whitespace=True, validate_by_alias=True, validate_by_name=True
    )

    url: str
    # Each alias is the shorter name that a command line may give a field by.
    project_id: Annotated[Name | None, Field(alias="project")] = None
    """A UUID, or a name that stands for one; None is the default project."""
    source_id: Annotated[Name | None, Field(alias="source")] = None
    """A UUID, or a name that stands for one; None derives it from project and URL."""
    max_pages: Annotated[int, Field(ge=1)] | None = None
    max_depth: Annotated[int, Field(ge=0)] | None = None
    include: Globs = ()
    exclude: Globs = ()
    path_prefix: Annotated[str, Field(alias="path", pattern="^/", max_length=500)] = "/"

    @field_validator("url")
    @classmethod
    def _canonical(cls, url: str) -> str:
        if "@" in url.partition("?")[0]:
            raise ValueError("a URL with a user name or password in it is not accepted")
        if "://" not in url:
            raise ValueError(f"{url!r} has no scheme: write https://{url}")
        canonical = canonical_url(url)
        if canonical is None:
            raise ValueError(f"{url!r} is not a http or https URL that can be crawled")
        return canonical

    @field_validator("include", "exclude", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.split()) if isinstance(value, str) else value

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read a message of the web app's list: a JSON object or a plain URL; raises SeedError."""
        try:
            text = raw.decode().strip()
            return cls.of(json.loads(text) if text.startswith("{") else {"url": text})
        except UnicodeDecodeError:
            raise SeedError("the seed is not UTF-8") from None
        except json.JSONDecodeError as error:
            raise SeedError(f"the seed is not valid JSON: {error}") from None
        except RecursionError:
            raise SeedError("the seed is nested too deeply") from None

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """Check the values of a message or of a command line; raises SeedError."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            problems = (
                f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].removeprefix('Value error, ')}"
                for problem in error.errors()
            )
            raise SeedError("; ".join(problems)) from None

    def source(self, settings: BaseSettings) -> Source:
        """A new run of the source that it asks for."""
        project_name = self.project_id or str(settings["DEFAULT_PROJECT"])
        project_id = as_uuid(project_name)
        most_pages, most_depth = settings.getint("MAX_PAGES"), settings.getint("MAX_DEPTH")
        return Source(
            source_id=as_uuid(self.source_id or self.url, project_id),
            project_id=project_id,
            crawl_id=uuid4(),
            url=self.url,
            project_name=project_name,
            max_pages=most_pages if self.max_pages is None else self.max_pages,
            max_depth=most_depth if self.max_depth is None else self.max_depth,
            include=self.include,
            exclude=self.exclude,
            path_prefix=self.path_prefix,
        )


ARGUMENTS = tuple(
    name for field, info in Seed.model_fields.items() for name in (info.alias, field) if name is not None
)
"""Every name that a seed's field goes by."""


async def admit(queue: FrontierQueue, pool: AsyncConnectionPool, source: Source) -> tuple[Opened, Source]:
    """Open a source: in Redis, then its row in Postgres, then let it run with its start URL.

    Every step may be repeated, by any worker: one that dies half way is carried on from the seed,
    which is removed last. Returns the run in effect. Raises errors.Retry or errors.GiveUp.
    """
    project_id = source.project_id
    opened, source = await queue.open(source, urlsplit(source.url).netloc)
    if source.project_id != project_id:
        raise GiveUp("wrong project", f"source {source.source_id} belongs to another project")
    if opened is Opened.OPENING:
        try:
            await begin_crawl(pool, source)
        except GiveUp:
            await queue.abandon(source)
            raise
        await queue.start(source)
    return opened, source


class SeedReader:
    """Reads the web app's list, oldest first, with no delay and without ever taking a seed out early."""

    WAIT_SECONDS = 5

    def __init__(
        self,
        queue: FrontierQueue,
        pool: AsyncConnectionPool,
        settings: BaseSettings,
        *,
        key: str,
        admitted: Callable[[Source], None],
    ) -> None:
        self._queue = queue
        self._pool = pool
        self._settings = settings
        self._key = key
        self._admitted = admitted
        self._most_sources = settings.getint("MAX_QUEUE_SIZE")

    async def run(self) -> None:
        """Read seeds until cancelled; Redis or Postgres being away is waited out."""
        waiting = ""
        while True:
            try:
                await self._wait_for_room()
                # Moving the last element to where it is: a blocking look, atomic, which takes nothing.
                look = self._queue.redis.blmove(self._key, self._key, self.WAIT_SECONDS, "RIGHT", "RIGHT")
                raw = await awaited(look)
                if raw is not None:
                    await self._read(raw)
                waiting = ""
            except (Retry, RedisError, OSError) as error:
                if str(error) != waiting:
                    logger.warning("Seeds wait: %s", error)
                waiting = str(error)
                await asyncio.sleep(1)
            except Exception:
                logger.exception("Reading seeds failed; going on")
                await asyncio.sleep(1)

    async def _wait_for_room(self) -> None:
        if (await self._queue.totals()).sources >= self._most_sources:
            raise Retry("full", f"{self._most_sources} sources are open (MAX_QUEUE_SIZE)")

    async def _read(self, raw: bytes) -> None:
        try:
            opened, source = await admit(self._queue, self._pool, Seed.parse(raw).source(self._settings))
        except (Retry, RedisError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it must not hold up the others
            await self._reject(raw, error)
            return
        if opened is Opened.CLOSING:
            raise Retry("closing", f"the last crawl of {source.url} is being written down")
        if opened is Opened.RUNNING:
            logger.info("%s is being crawled already; its seed adds nothing", source.url)
        await awaited(self._queue.redis.lrem(self._key, -1, raw))  # type: ignore[arg-type] # bytes are fine
        self._admitted(source)

    async def _reject(self, raw: bytes, error: Exception) -> None:
        """Move a seed that cannot be used to the dead letters: written there before it leaves the list."""
        logger.warning("A seed cannot be used: %s", error)
        letter = json.dumps(
            {
                "seed": raw.decode(errors="replace")[:10_000],
                "reason": getattr(error, "reason", "bad seed"),
                "detail": str(error),
                "at_ms": int(time.time() * 1000),
            }
        )
        redis, dead = self._queue.redis, self._queue.keys.dead
        await awaited(redis.lpush(dead, letter))
        removed = await awaited(redis.lrem(self._key, -1, raw))  # type: ignore[arg-type] # bytes are fine
        if removed == 0:  # another worker rejected it meanwhile
            await awaited(redis.lrem(dead, 1, letter))
        await awaited(redis.ltrim(dead, 0, self._queue.dead_letters_max - 1))
