"""What is in an archive, by names that lead nowhere else."""

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable
from io import BytesIO

import pytest
from backports import zstd

from alonchat_crawl.extract.files.archives.archive import FILES_MAX, ArchiveMember, list_files, read_member
from alonchat_crawl.parser_errors import GiveUp
from tests.support.files.attacks_archives import tar
from tests.support.files.good import good_tar, good_zip
from tests.support.files.office import zipped
from tests.support.files.tampered import sizes_told


@pytest.mark.parametrize("make", [good_zip, good_tar])
def test_members_are_listed_and_read(make: Callable[[], bytes]) -> None:
    """The files of an archive come with their sizes, in order; links, and what a Mac adds, do not."""
    body = make()
    listed = list_files(body)
    assert [each.name for each in listed] == ["read.me", "prices/tea.csv"]
    assert [each.size for each in listed] == [len(read_member(body, each.name, 1000)) for each in listed]
    assert read_member(body, "prices/tea.csv", 8) == b"a,b\n1,2\n"


def in_pieces(body: bytes) -> bytes:
    """As several programs do it, each on its own."""
    return gzip.compress(body[:700]) + gzip.compress(body[700:])


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zstd.compress, in_pieces])
def test_a_tar_is_read_however_compressed(compress: Callable[[bytes], bytes]) -> None:
    """Also in several pieces, each compressed by itself."""
    body = compress(tar(("a.txt", b"a" * 3000), ("b.txt", b"b")))
    assert list_files(body) == (ArchiveMember("a.txt", 3000), ArchiveMember("b.txt", 1))
    assert read_member(body, "b.txt", 10) == b"b"


@pytest.mark.parametrize(
    ("written", "listed"),
    [
        ("./a/b.txt", "a/b.txt"),
        ("a//b.txt", "a/b.txt"),
        ("a\\b.txt", "a/b.txt"),
        ("a/..b.txt", "a/..b.txt"),
        ("Käse.txt", "Käse.txt"),
        ("茶.txt", "茶.txt"),
    ],
)
def test_names_are_made_plain(written: str, listed: str) -> None:
    """One way to write a name, whichever the archive has; `read_member` takes what `list_files` gives."""
    for body in (zipped({written: b"x"}), tar((written, b"x"))):
        assert list_files(body) == (ArchiveMember(listed, 1),)
        assert read_member(body, listed, 1) == b"x"


def test_names_without_a_charset_are_understood() -> None:
    """A ZIP that does not say that its names are UTF-8 is believed where they are, else they are of DOS."""
    utf_8, dos = zipfile.ZipInfo("Käse.txt"), zipfile.ZipInfo("Käse.txt")
    buffers = []
    for info, name in ((utf_8, "Käse.txt".encode()), (dos, "Käse.txt".encode("cp437"))):
        buffer = BytesIO()
        placeholder = "x" * len(name)
        info.filename = placeholder
        with zipfile.ZipFile(buffer, "w") as file:
            file.writestr(info, b"x")
        buffers.append(buffer.getvalue().replace(placeholder.encode(), name))
    assert [list_files(body) for body in buffers] == [(ArchiveMember("Käse.txt", 1),)] * 2
    latin = tar(("x.txt", b"x")).replace(b"x.txt", b"\xe4.txt")
    latin = latin.replace(b"%06o\0 " % checksum(tar(("x.txt", b"x"))), b"%06o\0 " % checksum(latin))
    assert list_files(latin) == (ArchiveMember("ä.txt", 1),)


def checksum(block: bytes) -> int:
    """Of a tar's first header."""
    return sum(block[:148]) + sum(block[156:512]) + 8 * ord(" ")


@pytest.mark.parametrize(
    ("body", "name", "most", "reason"),
    [
        (good_zip(), "read.me", 10, "zip bomb"),
        (good_tar(), "read.me", 3, "zip bomb"),
        (good_zip(), "other", 10, "archive malformed"),
        (good_tar(), "other", 10, "archive malformed"),
        (good_zip(), "../read.me", 10, "archive malformed"),
        (sizes_told(zipped({"a.txt": b"a" * 1000}), 10), "a.txt", 100, "archive malformed"),
        (tar(("a.txt", b"a" * 5000))[:2000], "a.txt", 10_000, "archive malformed"),
        (b"no archive", "a.txt", 100, "archive malformed"),
        (b"", "a.txt", 100, "archive malformed"),
    ],
)
def test_a_member_is_refused(body: bytes, name: str, most: int, reason: str) -> None:
    """What is larger than allowed, told falsely, cut short or not there is not handed out."""
    with pytest.raises(GiveUp) as refused:
        read_member(body, name, most)
    assert refused.value.reason == reason


def test_a_thousand_files_are_not_too_many() -> None:
    """The limit itself is allowed; tests/support/files/attacks_archives.py has one more."""
    assert len(list_files(zipped({f"{n}.txt": b"x" for n in range(FILES_MAX)}))) == FILES_MAX
