"""Files that are made to harm their reader, by type; each with what must come of it where that is known."""

import zipfile
from collections.abc import Iterator
from io import BytesIO

from tests.support.files.attacks_archives import tars, zips
from tests.support.files.attacks_documents import csvs, docxs, htmls, pdfs, xlsxs
from tests.support.files.good import GOOD
from tests.support.files.office import HEAD, zipped
from tests.support.files.tampered import encrypted, overlapping, sizes_told, twice

MEGABYTE = 1 << 20
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {name} "{"&" + before + ";" + "&" + before + ";"}">'
        for before, name in zip("abcdefghijklmnopqrstuvwxy", "bcdefghijklmnopqrstuvwxyz", strict=True)
    )
    + "]>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY z SYSTEM "file:///etc/passwd">]>'
PARAMETER = '<!DOCTYPE x [<!ENTITY % z SYSTEM "http://127.0.0.1:9/x.dtd"> %z;]>'
MAIN = {
    "docx": "word/document.xml",
    "pptx": "ppt/slides/slide1.xml",
    "xlsx": "xl/worksheets/sheet1.xml",
    "odt": "content.xml",
    "epub": "OEBPS/chapter1.xhtml",
}

Attack = tuple[str, bytes]


def attacks(kind: str) -> Iterator[Attack]:
    """Yield what is made against a type of file."""
    if kind in MAIN:
        yield from bombs(kind)
        yield from xml_bombs(kind)
    yield from {
        "pdf": pdfs,
        "docx": docxs,
        "xlsx": xlsxs,
        "csv": csvs,
        "html": htmls,
        "zip": zips,
        "tar": tars,
    }.get(kind, nothing)()


def nothing() -> Iterator[Attack]:
    """Yield nothing: of plain text, damage is all there is."""
    yield from ()


def parts_of(kind: str) -> dict[str, bytes]:
    """Return a good file's parts."""
    with zipfile.ZipFile(BytesIO(GOOD[kind][1]())) as file:
        return {name: file.read(name) for name in file.namelist()}


def bombs(kind: str) -> Iterator[Attack]:
    """Yield ZIPs that would inflate beyond all bounds."""
    parts, main = parts_of(kind), MAIN[kind]
    yield "zip bomb, beside", zipped({**parts, "media/zeros.bin": bytes(8 * MEGABYTE)})
    yield "zip bomb, main part", zipped({**parts, main: b" " * (4 * MEGABYTE) + parts[main]})
    yield "zip bomb, overlapping", overlapping(zipped(parts))
    if kind == "docx":
        yield "zip bomb, too many members", zipped({**parts, **{f"x/{n}": b"" for n in range(10_001)}})
    yield "zip bomb, told sizes", sizes_told(zipped({**parts, "media/x.bin": b"x" * 100}), 0xFFFFFFF0)
    yield "sizes understated", sizes_told(zipped({**parts, "media/x.bin": b"x" * 100}), 1)
    yield "file encrypted, by its flags", encrypted(zipped(parts))
    yield "file malformed, twice the same member", twice(parts, main)


def xml_bombs(kind: str) -> Iterator[Attack]:
    """Yield parts with entities, in every encoding that the parser reads, and nested without end."""
    parts, main = parts_of(kind), MAIN[kind]
    body = parts[main].decode().partition("?>")[2]
    for what, doctype in (("laughs", LAUGHS), ("outside", OUTSIDE), ("parameter", PARAMETER)):
        entity = body.replace("</", "&z;</", 1)
        if "<!DOCTYPE" in entity:
            entity = entity.partition(">")[2]
        yield f"xml bomb, {what}", zipped({**parts, main: f"{HEAD}{doctype}{entity}"})
        wide = f'<?xml version="1.0" encoding="UTF-16"?>{doctype}{entity}'.encode("utf-16")
        yield f"xml bomb, {what} in UTF-16", zipped({**parts, main: wide})
    if kind != "epub":
        padded = f"{HEAD}<!--{'x' * 60_000}-->{LAUGHS}{body}"
        yield "xml bomb, laughs behind a comment", zipped({**parts, main: padded})
        nested = "<x>" * 100_000 + "</x>" * 100_000
        head, closing, rest = body.rpartition("</")
        yield (
            "xml bomb, nested",
            zipped({**parts, main: f"{HEAD}{head}{nested}{closing}{rest}"}, stored=[main]),
        )
        for other in ("_rels/.rels", "docProps/core.xml", "META-INF/manifest.xml", "xl/styles.xml"):
            if other in parts and kind != "odt":
                yield (
                    f"xml bomb, in {other.rpartition('/')[2]}",
                    zipped({**parts, other: HEAD + LAUGHS + parts[other].decode().partition("?>")[2]}),
                )
    else:
        opf = parts["OEBPS/book.opf"].decode().partition("?>")[2]
        yield "xml bomb, in the package", zipped({**parts, "OEBPS/book.opf": HEAD + LAUGHS + opf})
        nested = "<html><body>" + "<div>" * 100_000
        yield "xml bomb, nested", zipped({**parts, main: nested}, stored=[main])
