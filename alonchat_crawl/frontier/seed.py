"""A seed: the message that asks for a source, checked. From the terminal and from the web app alike."""

import json
from typing import Annotated, Any, Self, TypeVar
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from scrapy.settings import BaseSettings

from alonchat_crawl.extract.links import canonical_url
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.sources import Source

Name = Annotated[str, Field(min_length=1, max_length=200)]
Globs = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=500)], ...], Field(max_length=50)]


Message = TypeVar("Message", bound=BaseModel)


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
    priority: Annotated[int, Field(ge=1, le=10)] = 5

    @field_validator("url")
    @classmethod
    def _canonical(cls, url: str) -> str:
        if "@" in url.partition("://")[2].partition("/")[0]:
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
        text = raw.strip()
        if text.startswith(b"{"):
            return cls.of(read_json(text))
        try:
            return cls.of({"url": text.decode()})
        except UnicodeDecodeError:
            raise SeedError("the seed is not UTF-8") from None

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """Check the values of a message or of a command line; raises SeedError."""
        return check(cls, values)

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
            priority=self.priority,
        )


def read_json(raw: bytes) -> dict[str, Any]:
    """Read a message of the web app; raises SeedError."""
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


def check(kind: type[Message], values: dict[str, Any]) -> Message:
    """Check a message's values; raises SeedError, which says what is wrong with each."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problems = (
            ": ".join((*map(str, problem["loc"]), problem["msg"].removeprefix("Value error, ")))
            for problem in error.errors()
        )
        raise SeedError("; ".join(problems)) from None


ARGUMENTS = tuple(
    name for field, info in Seed.model_fields.items() for name in (info.alias, field) if name is not None
)
"""Every name that a seed's field goes by."""
