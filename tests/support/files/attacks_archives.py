"""Archives that lead out of themselves, lie about their members, or inflate without end."""

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO

from tests.support.files.good import good_zip
from tests.support.files.office import zipped
from tests.support.files.tampered import encrypted, overlapping, twice

MEGABYTE = 1 << 20
Attack = tuple[str, bytes]


def zips() -> Iterator[Attack]:
    """Yield archives that lead out of themselves, share names, or inflate without end."""
    for what, name in NAMES:
        yield f"archive malformed, {what}", zipped({"a.txt": b"a", name: b"b"})
    yield "zip bomb, zeros", zipped({"zeros.txt": bytes(8 * MEGABYTE)})
    inner = zipped({"zeros.txt": bytes(8 * MEGABYTE)})
    yield "nested", zipped({"inner.zip": inner, "a.txt": b"a"})
    good = good_zip()
    yield "zip bomb, overlapping", overlapping(good)
    yield "archive encrypted, by its flags", encrypted(good)
    yield "archive malformed, twice", twice({"a.txt": b"a", "b.txt": b"b"}, "b.txt")
    yield "archive too many files, just", zipped({f"{n}.txt": b"x" for n in range(1001)})
    yield "archive too many files, by far", zipped({f"{n}.txt": b"" for n in range(10_001)})
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(zipfile.ZipInfo("a.txt"), b"a" * 1000, compress_type=zipfile.ZIP_LZMA)
    yield "a method that is not taken", buffer.getvalue()
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(link, "/etc/passwd")
        file.writestr(zipfile.ZipInfo("a.txt"), "a")
    yield "a link", buffer.getvalue()


NAMES = (
    ("parent", "../b.txt"),
    ("parent within", "x/../../b.txt"),
    ("absolute", "/etc/cron.d/b"),
    ("drive", "C:/b.txt"),
    ("backslashes", "..\\..\\b.txt"),
    ("line end", "b\n.txt"),
    ("escape", "b\x1b[2J.txt"),
    ("long", "b" * 501),
    ("the same, spelt otherwise", "./a.txt"),
)


def tars() -> Iterator[Attack]:
    """Yield archives that lead out of themselves, link, or inflate without end, in every compression."""
    for what, name in NAMES:
        yield f"archive malformed, {what}", gzip.compress(tar(("a.txt", b"a"), (name, b"b")))
    zeros = tar(("zeros.txt", bytes(20 * MEGABYTE)))
    yield "zip bomb, gzip", gzip.compress(zeros)
    yield "zip bomb, bzip2", bz2.compress(zeros)
    yield "zip bomb, xz", lzma.compress(zeros, preset=0)
    large = lzma.compress(
        tar(("a.txt", b"a")), filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 256 * MEGABYTE}]
    )
    yield "archive malformed, a large dictionary", large
    yield "archive too many files, just", gzip.compress(tar(*((f"{n}.txt", b"") for n in range(1001))))
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo(f"special{kind!r}")
            info.type, info.linkname = kind, "../../etc/passwd"
            file.addfile(info)
        info = tarfile.TarInfo("a.txt")
        info.size = 1
        file.addfile(info, BytesIO(b"a"))
    yield "links and devices", buffer.getvalue()
    header = tarfile.TarInfo("a.txt")
    header.size = 1 << 40
    yield "archive malformed, a huge size", header.tobuf()
    long = tarfile.TarInfo("././@LongLink")
    long.type, long.size = tarfile.GNUTYPE_LONGNAME, 0
    yield "long names without end", long.tobuf(tarfile.GNU_FORMAT) * 3000
    pax = tarfile.TarInfo("x")
    pax.type, pax.size = tarfile.XHDTYPE, 1 << 40
    yield "a huge extension", pax.tobuf(tarfile.GNU_FORMAT) + b"9" * 1024
    yield "gzip without end", gzip.compress(tar(("a.txt", b"a"))) + zlib.compress(b"x")


def tar(*files: tuple[str, bytes]) -> bytes:
    """Return a tar."""
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        for name, body in files:
            info = tarfile.TarInfo(name)
            info.size = len(body)
            file.addfile(info, BytesIO(body))
    return buffer.getvalue()
