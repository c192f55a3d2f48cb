"""The seed of an upload: one file, or many, by URL. Local files are accepted on a command line only."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import Field, ValidationInfo, field_validator, model_validator
from scrapy.settings import BaseSettings
from w3lib.url import safe_url_string

from alonchat_crawl.control.website_seed import Name, SourceSeed, check, web_url
from alonchat_crawl.errors import GiveUp
from alonchat_crawl.fetch.files.object_storage import ObjectStorage, object_url
from alonchat_crawl.fetch.files.upload_urls import (
    BULK_OFF,
    FILES_MAX,
    LOCAL,
    STORAGE,
    UPLOAD,
    file_name,
    list_url,
    scheme_of,
    stored_url,
)
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Source

URL_MAX_CHARS = 4096
"""A signed URL's query may hold a whole session token."""
ARCHIVE_DEPTH = 1
"""Files in an archive are one level below the list. Archives in archives are not opened."""


class UploadSeed(SourceSeed):
    """Asks for a `url`, or for up to FILES_MAX `files`."""

    url: str | None = None
    files: Annotated[tuple[str, ...], Field(max_length=FILES_MAX)] = ()
    """s3://bucket/key or https://…; a signed URL works until it expires."""
    name: Name | None = None
    """What people call it. The source's id follows from it, if there is no `source_id`."""

    @field_validator("url")
    @classmethod
    def _one(cls, url: str | None, info: ValidationInfo) -> str | None:
        return None if url is None else _file_url(url, info)

    @field_validator("files")
    @classmethod
    def _each(cls, files: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_file_url(url, info) for url in files))

    @model_validator(mode="after")
    def _some(self) -> Self:
        if (self.url is None) == (not self.files):
            raise ValueError("an upload needs a url, or a list of files")
        if len(set(map(stored_url, self.uploads))) < len(self.uploads):
            raise ValueError("two of the files differ in their queries only, which are not stored")
        return self

    @classmethod
    def of_paths(cls, paths: Sequence[Path], **values: str) -> Self:
        """The seed of local files, which only this process can read. Raises SeedError."""
        files = [path.as_uri() for path in paths]
        return check(cls, {**values, "files": files}, {LOCAL: True})

    @property
    def uploads(self) -> tuple[str, ...]:
        """The files' canonical URLs, each once."""
        return self.files if self.url is None else (self.url,)

    @property
    def names(self) -> tuple[str, ...]:
        """Its `source_id`, its `name`, and the files' URLs in one text."""
        known_by = " ".join(map(stored_url, self.uploads))
        return tuple(name for name in (self.source_id, self.name, known_by) if name is not None)

    @property
    def is_local(self) -> bool:
        """Whether the files are on this machine."""
        return scheme_of(self.uploads[0]) == LOCAL

    def source(self, settings: BaseSettings) -> Source:
        """A new run of the upload. Raises SeedError or GiveUp if the settings do not allow it."""
        project_name, project_id = self.project(settings)
        uploads = self.uploads
        if len(uploads) > 1 and not settings.getbool("ENABLE_BULK_UPLOAD"):
            raise GiveUp(Reason.BULK_UPLOAD, f"an upload of {len(uploads)} files {BULK_OFF}")
        storage = ObjectStorage.from_settings(settings)
        for url in uploads:
            if scheme_of(url) == STORAGE:
                storage.check(project_id, url)
        source_id = as_uuid(self.names[0], project_id)
        called = self.name or _called(uploads)
        return Source(
            source_id=source_id,
            project_id=project_id,
            crawl_id=uuid4(),
            url=list_url(source_id, called),
            project_name=project_name,
            max_pages=settings.getint("MAX_PAGES"),
            max_depth=ARCHIVE_DEPTH,
            priority=self.priority,
            kind=UPLOAD,
        )


def _called(uploads: Sequence[str]) -> str:
    """What people read instead of the files' URLs: how many there are, or one's file name, else its host."""
    if len(uploads) != 1:
        return f"{len(uploads)} files"
    return file_name(uploads[0]) or urlsplit(uploads[0]).hostname or "1 file"


def _file_url(url: str, info: ValidationInfo) -> str:
    """The canonical form of a file's URL. Raises ValueError; the sentence shows no query: it may be a key."""
    if scheme_of(url) == STORAGE:
        if (canonical := object_url(url)) is None:
            raise ValueError(f"{url!r} names no object: write s3://bucket/key")
        return canonical
    if scheme_of(url) == LOCAL or "://" not in url:
        if info.context and info.context.get(LOCAL):
            return url
        raise ValueError(
            "a path on a disk can be read at a terminal only (-a file=…): write s3:// or https://"
        )
    if len(url) > URL_MAX_CHARS:
        raise ValueError(f"a URL of more than {URL_MAX_CHARS} characters is not accepted")
    known, _, _ = url.partition("#")
    # The query is left as it is: if it were sorted or spelt otherwise, its signature might be void.
    query = urlsplit(safe_url_string(known)).query
    canonical = web_url(stored_url(known))
    return f"{canonical}?{query}" if query else canonical
