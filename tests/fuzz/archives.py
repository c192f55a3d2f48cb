"""Target: archives."""

from alonchat_crawl.extract.files.archives.archive import list_files, read_member
from alonchat_crawl.parser_errors import GiveUp

MAX_BYTES = 1 << 20
REASONS = frozenset({"archive malformed", "archive encrypted", "zip bomb", "archive too many files"})


def read_archive(data: bytes) -> None:
    """Every listed file is read whole under a name that leads nowhere else, or there is a reason."""
    try:
        for each in list_files(data):
            assert not each.name.startswith("/"), each
            assert ".." not in each.name.split("/"), each
            assert len(read_member(data, each.name, MAX_BYTES)) == each.size, each
    except GiveUp as error:
        if error.reason not in REASONS:
            raise
