"""Lists and reads the files in an archive, by names that are safe to show and to make URLs of.

Nothing is written to disk. An archive with a name that leads out of its folder, or with one name twice,
was made to deceive: it is refused as a whole. Links, devices and what Macs and Windows add are left out.
"""

import re
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import PurePosixPath
from typing import NoReturn
from zipfile import ZipInfo

from alonchat_crawl.extract.files.archives.checked_zip import END, LOCAL, CheckedZip
from alonchat_crawl.extract.files.archives.compressed import InflatingStream
from alonchat_crawl.parser_errors import GiveUp, ReasonedError
from alonchat_crawl.reasons import Reason

FILES_MAX = 1000
NAME_MAX_CHARS = 500
UTF_8_NAME = 0x800  # APPNOTE.TXT 4.4.4, bit 11
DRIVE = re.compile(r"[A-Za-z]:")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
CLUTTER = re.compile(r"(?:^|/)(?:__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$)")


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """One file of an archive."""

    name: str
    """Relative, with slashes, unique in its archive; no "..", no control character."""
    size: int
    """Bytes, as the archive states; `read_member` checks it."""


def list_files(body: bytes) -> tuple[ArchiveMember, ...]:
    """List an archive's files in order.

    Raises GiveUp: "archive malformed", "archive encrypted", "zip bomb", "archive too many files".
    """
    with _errors_as_reasons():
        if _is_zip(body):
            found: Iterable[ArchiveMember] = (
                ArchiveMember(name, info.file_size) for name, info in _zip_files(_zip(body))
            )
        else:
            found = (ArchiveMember(name, info.size) for name, info, _ in _tar_files(body))
        return tuple(_checked(found))


def read_member(body: bytes, name: str, max_bytes: int) -> bytes:
    """Return the bytes of one of `members`; raises GiveUp as that does, and "zip bomb" beyond `max_bytes`."""
    with _errors_as_reasons():
        if _is_zip(body):
            archive = _zip(body)
            for safe, info in _zip_files(archive):
                if safe == name:
                    data = archive.read(info.filename, max_bytes)
                    return data if len(data) == info.file_size else _refuse("A member is cut short.")
        else:
            for safe, entry, tar in _tar_files(body):
                if safe == name:
                    return _tar_member(tar, entry, max_bytes)
    return _refuse("It has no such member.")


@contextmanager
def _errors_as_reasons() -> Iterator[None]:
    try:
        yield
    except (ReasonedError, MemoryError):
        raise
    except Exception as error:  # no list of what tarfile raises for broken archives is ever complete
        raise GiveUp(Reason.ARCHIVE_MALFORMED, f"It cannot be read: {type(error).__name__}.") from error


def _is_zip(body: bytes) -> bool:
    return body.startswith((LOCAL, END))


def _zip(body: bytes) -> CheckedZip:
    return CheckedZip(body, Reason.ARCHIVE_MALFORMED, Reason.ARCHIVE_ENCRYPTED, Reason.ARCHIVE_TOO_MANY_FILES)


def _zip_files(archive: CheckedZip) -> Iterator[tuple[str, ZipInfo]]:
    for info in archive.members:
        mode = info.external_attr >> 16
        if not info.is_dir() and mode & 0o170000 in {0, 0o100000}:
            yield _safe(_zip_name(info)), info


def _zip_name(info: ZipInfo) -> str:
    """Most programs write names in UTF-8 without the flag for it; what is not UTF-8 is code page 437."""
    name = info.orig_filename
    if not info.flag_bits & UTF_8_NAME:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()
    return name


def _tar_files(body: bytes) -> Iterator[tuple[str, tarfile.TarInfo, tarfile.TarFile]]:
    """Yield the files as the archive is read; each can be extracted only until the next is asked for."""
    stream = InflatingStream(body)
    with tarfile.open(fileobj=BufferedReader(stream), mode="r|", errors="surrogateescape") as tar:
        for info in tar:
            tar.members.clear()  # type: ignore[attr-defined] # or it would keep all members, of which there may be a million
            if info.isreg() and not info.issparse():
                yield _safe(_tar_name(info)), info, tar
        if stream.given < tar.offset:  # tarfile takes that for a regular end
            _refuse("It is cut short.")


def _tar_name(info: tarfile.TarInfo) -> str:
    """Old archives state no charset of their names; what is not UTF-8 is read as windows-1252."""
    try:
        info.name.encode()
    except UnicodeEncodeError:
        return info.name.encode(errors="surrogateescape").decode("cp1252", "replace")
    return info.name


def _tar_member(tar: tarfile.TarFile, info: tarfile.TarInfo, max_bytes: int) -> bytes:
    if info.size > max_bytes:
        raise GiveUp(Reason.ZIP_BOMB, f"A member is larger than {max_bytes} bytes.")
    part = tar.extractfile(info)
    data = part.read(info.size) if part else b""
    return data if len(data) == info.size else _refuse("A member is cut short.")


def _checked(found: Iterable[ArchiveMember]) -> Iterator[ArchiveMember]:
    names: set[str] = set()
    for each in found:
        if CLUTTER.search(each.name):
            continue
        if each.name in names:
            _refuse("Two members have the same name.")
        names.add(each.name)
        if len(names) > FILES_MAX:
            raise GiveUp(Reason.ARCHIVE_TOO_MANY_FILES, f"It has more than {FILES_MAX} files.")
        yield each


def _safe(name: str) -> str:
    """Return a member's name without "./"; raises GiveUp if it leads out of the archive or deceives."""
    name = name.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or DRIVE.match(name) or CONTROL.search(name):
        _refuse("A member's name leads out of the archive.")
    if len(name) > NAME_MAX_CHARS:
        _refuse("A member's name is too long.")
    return "/".join(parts)


def _refuse(detail: str) -> NoReturn:
    raise GiveUp(Reason.ARCHIVE_MALFORMED, detail)
