"""How the spiders read files: an upload's list of files, each file, and the files in an archive."""

from collections.abc import AsyncIterator, Sequence

from scrapy.crawler import Crawler
from scrapy.http import Response

from alonchat_crawl.errors import GiveUp
from alonchat_crawl.extract.files.read import FileContents
from alonchat_crawl.extract.text.clean_text import clean_text
from alonchat_crawl.fetch.body_budget import BodyBudget
from alonchat_crawl.fetch.files.own_files import OwnFiles
from alonchat_crawl.fetch.files.upload_urls import BULK_OFF, file_name, member_url, split_member
from alonchat_crawl.items import SOURCE_CODE, Page, Provenance, SpiderOutput
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sandbox.pool import Sandbox, typed
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.sources import Ending, Kind, Lease, Link
from alonchat_crawl.spiders.provenance import file_provenance
from alonchat_crawl.storage.sources import uploads_of_run

UNNAMED = "file"
"""The name of a file whose URL gives it none."""


async def listed(crawler: Crawler, lease: Lease) -> AsyncIterator[SpiderOutput]:
    """Yield a link to each file of an upload. Raises GiveUp, Outage."""
    own: Sequence[str] | None = tuple(getattr(crawler.spider, "local_files", ()))
    files = own or await uploads_of_run(await Connections.of(crawler).postgres(), lease.source)
    if not files:
        raise GiveUp(Reason.FILES_UNKNOWN, "the list of its files is no longer kept; seed it again")
    for url in files:
        yield Link(url, Kind.FILE, 0)


async def uploaded(crawler: Crawler, lease: Lease, response: Response) -> AsyncIterator[SpiderOutput]:
    """Yield an uploaded file's page, or links to an archive's members. Raises GiveUp, Refused, Outage."""
    name = file_name(lease.url) or UNNAMED
    taken = await take_in(crawler, response.body, name)
    if taken.file is not None:
        BodyBudget.of(crawler).parsed(response)
        yield page_of(taken, name, file_provenance(lease, response))
        return
    archive, member = split_member(lease.url)
    if member:
        raise GiveUp(Reason.ARCHIVE_IN_ARCHIVE, f"{name} is an archive in another, which is not opened")
    if not crawler.settings.getbool("ENABLE_BULK_UPLOAD"):
        raise GiveUp(Reason.BULK_UPLOAD, f"{name} is an archive: to take in what is in it {BULK_OFF}")
    own = crawler.get_downloader_middleware(OwnFiles)
    assert isinstance(own, OwnFiles)  # noqa: S101 - it is in the settings
    own.archives.put(lease, archive, response.body)
    BodyBudget.of(crawler).parsed(response)
    for one in taken.members:
        yield Link(member_url(archive, one.name), Kind.FILE, lease.depth + 1)
    yield Ending(Outcome.FOLLOWED, Reason.ARCHIVE)


async def take_in(crawler: Crawler, body: bytes, name: str) -> FileContents:
    """Read a file in the sandbox. Raises GiveUp, Refused, Outage."""
    read = await Sandbox.of(crawler).run(
        "read_contents", body=body, name=name, max_chars=crawler.settings.getint("FILE_MAX_CHARS")
    )
    taken: FileContents = typed(FileContents, read)
    return taken


def page_of(taken: FileContents, name: str, provenance: Provenance) -> Page:
    """Build a page from a file's text. The title of source code is the file's name."""
    file = taken.file
    assert file is not None  # noqa: S101 - an archive makes no page
    title = name if file.media_type.startswith(SOURCE_CODE) else file.title
    return Page(
        *(provenance, file.media_type, file.text),
        title=_one_line(title),
        name=_one_line(name),
        written=file.written,
        note=file.note,
        left_out=file.left_out,
    )


def _one_line(text: str) -> str:
    return " ".join(clean_text(text)[0].split())
