"""Targets: readers of files."""

from collections.abc import Callable

from alonchat_crawl.extract.files.read import read_file
from alonchat_crawl.parser_errors import GiveUp

MAX_CHARS = 10_000
REASONS = frozenset(
    [
        "file empty",
        "file type",
        "file encrypted",
        "file malformed",
        "file without text",
        "zip bomb",
        "xml bomb",
    ]
)


def reader(kind: str) -> Callable[[bytes], None]:
    """The target that reads files named as ones of this kind: text, or one of the reasons."""

    def read(data: bytes) -> None:
        try:
            found = read_file(data, f"tea.{kind}", MAX_CHARS)
        except GiveUp as error:
            if error.reason not in REASONS:
                raise
        else:
            assert any(map(str.isalnum, found.text))
            assert len(found.text) <= MAX_CHARS

    return read
