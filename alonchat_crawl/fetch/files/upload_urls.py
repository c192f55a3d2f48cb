"""The URLs of an upload: of its list of files, of a file, and of a file in an archive."""

from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit
from uuid import UUID

from alonchat_crawl.sources import Source

UPLOAD = "upload"
"""The kind of a source of files, and the scheme of the URL that stands for its list of files."""
LOCAL = "file"
STORAGE = "s3"
WEB = ("http", "https")
FILES_MAX = 1000
"""Most files that one seed may name."""
BULK_OFF = "needs ENABLE_BULK_UPLOAD=true"
MEMBER = "#!/"
"""Separates an archive's URL from the name of a file in it. URLs in seeds have no fragment."""


def list_url(source_id: UUID, name: str) -> str:
    """The start URL of an upload, which stands for the list of its files. `name` is for people."""
    return f"{UPLOAD}://{source_id}/{_quoted(name)}"


def member_url(archive: str, name: str) -> str:
    """The URL of a file in an archive."""
    return f"{archive}{MEMBER}{_quoted(name)}"


def split_member(url: str) -> tuple[str, str]:
    """Split a file's URL into its archive's URL and its name there; the name is empty for other files."""
    archive, _, member = url.partition(MEMBER)
    return archive, unquote(member, errors="surrogatepass")


def stored_url(url: str) -> str:
    """The URL under which a file is stored: without its query, which is a signature that changes."""
    archive, mark, member = url.partition(MEMBER)
    if scheme_of(url) in WEB:
        archive = archive.partition("?")[0]
    return f"{archive}{mark}{member}"


def file_name(url: str) -> str:
    """The last segment of a file's path; empty if the path ends with a slash."""
    archive, member = split_member(url)
    if member:
        return PurePosixPath(member).name
    return unquote(urlsplit(archive).path).rpartition("/")[2]


def scheme_of(url: str) -> str:
    """The scheme of an absolute URL."""
    return url.partition(":")[0]


def is_at_no_site(source: Source, url: str) -> bool:
    """Whether no web site serves a URL: it is on this machine, in our storage or in a fetched archive."""
    return source.kind == UPLOAD and (scheme_of(url) not in WEB or MEMBER in url)


def _quoted(text: str) -> str:
    return quote(text, safe="/", errors="surrogatepass")
