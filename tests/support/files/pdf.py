"""PDFs, written object by object."""

import zlib
from collections.abc import Sequence
from hashlib import md5

PADDING = bytes.fromhex(
    "28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A"
)  # ISO 32000-1, 7.6.3.3
FONTS = {"F1": "Helvetica", "F2": "Helvetica-Bold", "F3": "Courier"}
FIRST_PAGE = 10  # the objects before it: catalogue, pages, information, outline, encryption, fonts
OWNER_ONLY = b""


def text(words: str, x: float, y: float, size: float = 11, font: str = "F1", before: str = "") -> str:
    """Return a content stream's part that shows words; `before` sets a mode or a colour."""
    shown = words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"q {before} BT /{font} {size} Tf {x} {y} Td ({shown}) Tj ET Q\n"


def lines(words: Sequence[str], top: float = 700, size: float = 11, font: str = "F1") -> str:
    """Return a paragraph of lines."""
    return "".join(text(line, 72, top - 1.2 * size * number, size, font) for number, line in enumerate(words))


def pdf(
    pages: Sequence[str],
    *,
    title: str = "",
    outline: Sequence[tuple[str, int]] = (),
    password: bytes | None = None,
    resources: str = "",
    extra: Sequence[bytes] = (),
) -> bytes:
    """Return a PDF of content streams; `outline` has titles and pages from 0.

    `password` encrypts with RC4 of 40 bits (revision 2); empty, only the owner has one. `extra` are further
    objects, numbered from the one after the last page's content.
    """
    key = None
    encryption = b"null"
    if password is not None:
        owner = _rc4(md5(_padded(b"owner")).digest()[:5], _padded(password))  # noqa: S324 - PDF's own
        key = md5(_padded(password) + owner + b"\xfc\xff\xff\xff" + b"0" * 16).digest()[:5]  # noqa: S324
        user = _rc4(key, PADDING)
        encryption = b"<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>" % (
            owner.hex().encode(),
            user.hex().encode(),
        )
    numbers = [FIRST_PAGE + 2 * number for number in range(len(pages))]
    first_entry = FIRST_PAGE + 2 * len(pages) + len(extra)
    entries = [first_entry + number for number in range(len(outline))]
    objects: dict[int, bytes] = {
        1: b"<</Type/Catalog/Pages 2 0 R%s>>" % (b"/Outlines 4 0 R" if outline else b""),
        2: f"<</Type/Pages/Count {len(pages)}/Kids[{' '.join(f'{n} 0 R' for n in numbers)}]>>".encode(),
        3: b"<</Title<%s>>>" % _string(title, key, 3).hex().encode(),
        4: f"<</First {entries[0]} 0 R/Last {entries[-1]} 0 R>>".encode() if outline else b"null",
        5: encryption,
    }
    for number, font in enumerate(FONTS.values(), 6):
        objects[number] = f"<</Type/Font/Subtype/Type1/BaseFont/{font}/Encoding/WinAnsiEncoding>>".encode()
    fonts = "".join(f"/{name} {number} 0 R" for number, name in enumerate(FONTS, 6))
    for number, content in zip(numbers, pages, strict=True):
        objects[number] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents {number + 1} 0 R"
            f"/Resources<</Font<<{fonts}>>{resources}>>>>"
        ).encode()
        stream = zlib.compress(content.encode("cp1252"))
        stream = _rc4(_object_key(key, number + 1), stream) if key else stream
        objects[number + 1] = b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (
            len(stream),
            stream,
        )
    objects.update(enumerate(extra, FIRST_PAGE + 2 * len(pages)))
    for place, (number, (name, page)) in enumerate(zip(entries, outline, strict=True)):
        following = f"/Next {entries[place + 1]} 0 R" if place + 1 < len(entries) else ""
        objects[number] = b"<</Title<%s>/Parent 4 0 R/Dest[%d 0 R/Fit]%s>>" % (
            _string(name, key, number).hex().encode(),
            numbers[page],
            following.encode(),
        )
    trailer = b"/Encrypt 5 0 R/ID[<%s><%s>]" % (2 * (b"30" * 16,)) if key else b""
    return written(objects, trailer)


def written(objects: dict[int, bytes], trailer: bytes = b"") -> bytes:
    """Return objects as a file, with the table of where they are."""
    body = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    places: dict[int, int] = {}
    for number, each in sorted(objects.items()):
        places[number] = len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    last = max(objects) + 1
    table = b"".join(
        b"%010d 00000 n \n" % places[number] if number in places else b"0000000000 65535 f \n"
        for number in range(last)
    )
    return body + b"xref\n0 %d\n%strailer\n<</Size %d/Root 1 0 R/Info 3 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        last,
        table,
        last,
        trailer,
        len(body),
    )


def _string(words: str, key: bytes | None, number: int) -> bytes:
    plain = b"\xfe\xff" + words.encode("utf-16-be")
    return _rc4(_object_key(key, number), plain) if key else plain


def _padded(password: bytes) -> bytes:
    return (password + PADDING)[:32]


def _object_key(key: bytes, number: int) -> bytes:
    return md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[: len(key) + 5]  # noqa: S324 - PDF's own


def _rc4(key: bytes, data: bytes) -> bytes:
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    i = j = 0
    out = bytearray()
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)
