"""ZIPs whose directory does not tell the truth."""

from tests.support.files.office import zipped


def overlapping(body: bytes) -> bytes:
    """Return a ZIP whose directory has all members begin where the first does."""
    changed = bytearray(body)
    first = body.index(b"PK\x01\x02")
    place = first
    while (place := body.find(b"PK\x01\x02", place)) >= 0:
        changed[place + 42 : place + 46] = changed[first + 42 : first + 46]
        place += 4
    return bytes(changed)


def sizes_told(body: bytes, size: int) -> bytes:
    """Return a ZIP whose directory tells a false size of its last member."""
    changed = bytearray(body)
    place = body.rindex(b"PK\x01\x02")
    changed[place + 24 : place + 28] = size.to_bytes(4, "little")
    return bytes(changed)


def encrypted(body: bytes) -> bytes:
    """Return a ZIP whose members say that they are encrypted."""
    changed = bytearray(body)
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = -1
        while (place := body.find(signature, place + 1)) >= 0:
            changed[place + flags] |= 1
    return bytes(changed)


def twice(parts: dict[str, bytes], name: str) -> bytes:
    """Return a ZIP that has one member twice."""
    other = f"{name[:-1]}~"
    return zipped({**parts, other: b"<other/>"}).replace(other.encode(), name.encode())
