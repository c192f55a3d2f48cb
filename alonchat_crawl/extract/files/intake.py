"""A file that arrived: its text, or what is in it where it is an archive."""

from dataclasses import dataclass

from alonchat_crawl.extract.files.archives.archive import Member, members
from alonchat_crawl.extract.files.read import FileText, read_file
from alonchat_crawl.extract.files.sniff import FileType, file_type

ARCHIVES = frozenset({FileType.ZIP, FileType.TAR})


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What a file holds."""

    file: FileText | None
    """None for an archive."""
    members: tuple[Member, ...] = ()
    """Of an archive; none of any other file."""


def take_in(body: bytes, name: str, max_chars: int) -> TakenIn:
    """Read a file or list an archive; raises GiveUp with the reasons of `read_file` and of `members`."""
    if body and file_type(body, name) in ARCHIVES:
        return TakenIn(None, members(body))
    return TakenIn(read_file(body, name, max_chars))
