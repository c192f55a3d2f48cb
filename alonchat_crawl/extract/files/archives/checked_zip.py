"""A ZIP from a stranger, checked before anything is inflated: its directory must be sound.

The limits follow Apache POI's ZipSecureFile (ratio 100) and what office programs write.
Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, version 6.3.10, sections 4.3 and 4.4.
"""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import IO
from zlib import error as zlib_error

from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.reasons import Reason

LOCAL = b"PK\x03\x04"
CENTRAL = b"PK\x01\x02"
END = b"PK\x05\x06"
LOCAL_BYTES = 30  # of a member's own header, without name and extra fields
MEMBERS_MAX = 10_000
TOTAL_MAX_BYTES = 1 << 30  # of all members together, inflated; they are read one at a time
RATIO_MAX = 100
RATIO_FROM_BYTES = 1 << 20  # smaller members do no harm, whatever their ratio
# The others: LZMA takes as much memory as a member's header says, bzip2 inflates a block without a bound.
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
ENCRYPTED = 0x41  # bit 0: encrypted; bit 6: strongly
BROKEN = (zipfile.BadZipFile, zlib_error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


class CheckedZip:
    """A ZIP whose directory is sound; its members are read within bounds.

    `broken`, `encrypted` and `too_many` are the reasons to give up with, beside ZIP_BOMB.
    """

    def __init__(self, body: bytes, broken: Reason, encrypted: Reason, too_many: Reason) -> None:
        self.broken = broken
        if body.count(CENTRAL) > MEMBERS_MAX:  # the directory cannot have more than these
            raise GiveUp(too_many, f"It has more than {MEMBERS_MAX} members.")
        try:
            self._zip = zipfile.ZipFile(BytesIO(body))
        except BROKEN as error:
            raise GiveUp(broken, "Its directory cannot be read.") from error
        self.members = self._zip.infolist()
        if any(member.flag_bits & ENCRYPTED for member in self.members):
            raise GiveUp(encrypted, "It is protected by a password: remove that and send it again.")
        _check_sizes(self.members)
        _check_offsets(body, self.members, self._zip.start_dir, broken)
        self.names = frozenset(member.filename for member in self.members)
        if len(self.names) < len(self.members):  # programs differ in which one they open
            raise GiveUp(broken, "Two members have the same name.")

    @classmethod
    def of_document(cls, body: bytes) -> "CheckedZip":
        """Open a document that is a ZIP; raises GiveUp with the reasons of a file."""
        return cls(body, Reason.FILE_MALFORMED, Reason.FILE_ENCRYPTED, Reason.ZIP_BOMB)

    def open(self, name: str) -> IO[bytes]:
        """Open a member; raises GiveUp if it is missing or its compression method is not accepted."""
        try:
            member = self._zip.getinfo(name)
            if member.compress_type not in METHODS:
                raise GiveUp(self.broken, f"Compression method {member.compress_type} is not taken.")
            return self._zip.open(member)
        except KeyError as error:
            raise GiveUp(self.broken, "A part is missing.") from error
        except BROKEN as error:
            raise GiveUp(self.broken, "A part cannot be read.") from error

    def read(self, name: str, max_bytes: int) -> bytes:
        """Read a whole member; raises GiveUp if it is damaged or too large, whatever the directory says."""
        try:
            with self.open(name) as part:
                data = part.read(max_bytes + 1)
        except BROKEN as error:
            raise GiveUp(self.broken, "A part is damaged.") from error
        if len(data) > max_bytes:
            raise GiveUp(Reason.ZIP_BOMB, f"A part is larger than {max_bytes} bytes.")
        return data


def local_names(body: bytes, most: int = 32) -> Iterator[bytes]:
    """Yield the names in the first local headers, which tell what a ZIP without a directory was."""
    place = 0
    for _ in range(most):
        if body[place : place + 4] != LOCAL:
            place = body.find(LOCAL, place)
            if place < 0:
                return
        length = int.from_bytes(body[place + 26 : place + 28], "little")
        yield body[place + LOCAL_BYTES : place + LOCAL_BYTES + length]
        place += LOCAL_BYTES + length


def _check_sizes(members: list[zipfile.ZipInfo]) -> None:
    if sum(member.file_size for member in members) > TOTAL_MAX_BYTES:
        raise GiveUp(Reason.ZIP_BOMB, f"It would inflate to more than {TOTAL_MAX_BYTES} bytes.")
    for member in members:
        if member.file_size > max(RATIO_FROM_BYTES, RATIO_MAX * member.compress_size):
            raise GiveUp(Reason.ZIP_BOMB, f"A member would inflate more than {RATIO_MAX} times.")


def _check_offsets(body: bytes, members: list[zipfile.ZipInfo], directory: int, broken: Reason) -> None:
    """Refuse members that share bytes, as in "A better zip bomb" (Fifield, 2019)."""
    ends = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if not body.startswith(LOCAL, max(0, member.header_offset)):
            raise GiveUp(broken, "A member is not where the directory says.")
        if member.header_offset < ends:
            raise GiveUp(Reason.ZIP_BOMB, "Its members overlap.")
        ends = member.header_offset + LOCAL_BYTES + member.compress_size
    if ends > directory:
        raise GiveUp(broken, "Its members overlap its directory.")
