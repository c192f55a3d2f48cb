"""A seed: a message that asks for a source, from the terminal or from the web app. Here it is checked."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Self, TypeVar
from uuid import UUID, uuid4, uuid5

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from scrapy.settings import BaseSettings

from alonchat_crawl.identity import as_uuid
from alonchat_crawl.sources import DEPTH_MOST, PAGES_MOST, Source
from alonchat_crawl.urls import canonical_url

NAME_MAX_CHARS = 200
Name = Annotated[str, Field(min_length=1, max_length=NAME_MAX_CHARS)]
Globs = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=500)], ...], Field(max_length=50)]
AUTHORITY_END = re.compile(r"[/?#\\]")
"""What follows a URL's user, host and port. Browsers take \\ for /, too."""
Message = TypeVar("Message", bound=BaseModel)
TWO_PROJECTS = "its project's name has characters around it that only some programs take for spaces"
"""Such a message would wait for one project's turn, and then act for another project."""


class SeedError(ValueError):
    """A seed that cannot be used. Its text says why, in one sentence."""


class SourceSeed(BaseModel, ABC):
    """What all seeds have in common. Keys that they do not know are ignored."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", str_strip_whitespace=True, validate_by_alias=True, validate_by_name=True
    )

    # Each alias is a shorter name for the field, which a command line may use.
    project_id: Annotated[Name | None, Field(alias="project")] = None
    """A UUID, or a name that a UUID is made of. None means the default project."""
    source_id: Annotated[Name | None, Field(alias="source")] = None
    """A UUID, or a name that a UUID is made of. If None, it is made of the project and the URL or files."""
    priority: Annotated[int, Field(ge=1, le=10)] = 5

    @property
    def uploads(self) -> tuple[str, ...]:
        """The canonical URLs of an upload's files; none for a web site."""
        return ()

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The names of its source in the project. The source's id is made of the first."""

    @model_validator(mode="before")
    @classmethod
    def _said(cls, values: Any) -> Any:
        """Leave out a short name that is null, so that the long one counts."""
        if not isinstance(values, Mapping):
            return values
        short = {info.alias for info in cls.model_fields.values()}
        return {name: value for name, value in values.items() if value is not None or name not in short}

    def derives(self, source: Source) -> bool:
        """Whether the source's id is made of the project's own id: then no other project has it by right.

        An id that the seed gives as a UUID proves nothing: whoever knows a project and a URL can compute it.
        """
        return source.source_id in {uuid5(source.project_id, name) for name in self.names}

    @property
    def is_local(self) -> bool:
        """Whether only this machine has what is asked for."""
        return False

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read a message of the web app: a JSON object or a plain URL. Raises SeedError."""
        text = raw.strip()
        if text.startswith(b"{"):
            return cls.of(read_json(text))
        try:
            return cls.of({"url": text.decode()})
        except UnicodeDecodeError:
            raise SeedError("the seed is not UTF-8") from None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Check the values of a message or of a command line. Raises SeedError."""
        return check(cls, values)

    @abstractmethod
    def source(self, settings: BaseSettings) -> Source:
        """A new run of the source. Raises SeedError or errors.GiveUp if it cannot be opened."""

    def project(self, settings: BaseSettings) -> tuple[str, UUID]:
        """The project's name, as the seed gives it, and its id."""
        name = self.project_id or str(settings["DEFAULT_PROJECT"])
        return name, as_uuid(name)

    @classmethod
    def arguments(cls) -> tuple[str, ...]:
        """All names of fields that a command line may use."""
        fields = cls.model_fields.items()
        return tuple(name for field, info in fields for name in (info.alias, field) if name is not None)


class Seed(SourceSeed):
    """Asks for a web site."""

    url: str
    max_pages: Annotated[int, Field(ge=1, le=PAGES_MOST)] | None = None
    max_depth: Annotated[int, Field(ge=0, le=DEPTH_MOST)] | None = None
    include: Globs = ()
    exclude: Globs = ()
    path_prefix: Annotated[str, Field(alias="path", pattern="^/", max_length=500)] = "/"
    files: bool = False
    """Whether files that the site links to (PDF, DOCX, …) are taken in, too."""

    @field_validator("url")
    @classmethod
    def _canonical(cls, url: str) -> str:
        return web_url(url)

    @field_validator("include", "exclude", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.split()) if isinstance(value, str) else value

    @property
    def names(self) -> tuple[str, ...]:
        """Its `source_id`, and its URL."""
        return (self.url,) if self.source_id is None else (self.source_id, self.url)

    def source(self, settings: BaseSettings) -> Source:
        """A new run of the web site."""
        project_name, project_id = self.project(settings)
        most_pages, most_depth = settings.getint("MAX_PAGES"), settings.getint("MAX_DEPTH")
        return Source(
            source_id=as_uuid(self.names[0], project_id),
            project_id=project_id,
            crawl_id=uuid4(),
            url=self.url,
            project_name=project_name,
            max_pages=most_pages if self.max_pages is None else self.max_pages,
            max_depth=most_depth if self.max_depth is None else self.max_depth,
            include=self.include,
            exclude=self.exclude,
            path_prefix=self.path_prefix,
            priority=self.priority,
            files=self.files,
        )


def web_url(url: str) -> str:
    """The canonical form of a seed's http(s) URL. Raises ValueError, with a sentence, for any other."""
    scheme, _, rest = url.partition("://") if "://" in url else ("", "", url)
    if "@" in AUTHORITY_END.split(rest, maxsplit=1)[0]:
        raise ValueError("a URL with a user name or password in it is not accepted")
    shown = url if "@" not in url else "…"  # a misspelt URL may still have a password in it
    if not scheme:
        raise ValueError(f"{shown!r} has no scheme: write https://{shown}")
    canonical = canonical_url(url)
    if canonical is None:
        raise ValueError(f"{shown!r} is not a http or https URL that can be crawled")
    return canonical


def read_json(raw: bytes) -> dict[str, Any]:
    """Read a message of the web app. Raises SeedError."""
    try:
        found = json.loads(raw.decode())
    except UnicodeDecodeError:
        raise SeedError("the message is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise SeedError(f"the message is not valid JSON: {error}") from None
    except RecursionError:
        raise SeedError("the message is nested too deeply") from None
    if not isinstance(found, dict):
        raise SeedError("the message is not a JSON object")
    return found


def named_project(raw: bytes, *names: str) -> str | None:
    """The project that a message gives under one of these names, the first that is set; None if none is.

    Raises SeedError for a message that cannot be read.
    """
    text = raw.strip()  # as `parse` does
    values = read_json(text) if text.startswith(b"{") else {}
    found = next((values[name] for name in names if values.get(name) is not None), None)
    if found is not None and not isinstance(found, str):
        raise SeedError("the project is no text")
    return found and found.strip()


def project_of(raw: bytes, default: str, *names: str) -> UUID | None:
    """The project that a message is of, as found again when it is acted on; None if it cannot be read."""
    try:
        name = named_project(raw, *names) or default
        return None if len(name) > NAME_MAX_CHARS else _project_id(name)
    except ValueError:
        return None


_project_id = lru_cache(maxsize=1024)(as_uuid)


def check(
    kind: type[Message], values: Mapping[str, Any], context: Mapping[str, Any] | None = None
) -> Message:
    """Check a message's values. Raises SeedError, which says what is wrong with each."""
    try:
        return kind.model_validate(values, context=context)
    except ValidationError as error:
        problems = (
            ": ".join((*map(str, problem["loc"]), problem["msg"].removeprefix("Value error, ")))
            for problem in error.errors()
        )
        raise SeedError("; ".join(problems)) from None
