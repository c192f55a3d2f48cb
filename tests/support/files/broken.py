"""At least a hundred broken files of each type, the same in every run: damaged by chance, and made to harm."""

import random
import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO

from tests.support.files.attacks import attacks
from tests.support.files.good import GOOD
from tests.support.files.office import zipped

ROUNDS = 15
CUTS = 24
TEXTS = frozenset({"csv", "markdown", "text", "code", "html"})
ZIPS = frozenset({"docx", "pptx", "xlsx", "odt", "epub", "zip"})


def broken_files(kind: str) -> Iterator[tuple[str, bytes]]:
    """Yield names and bytes: what a file of this type may become on its way, or be made into."""
    name, make = GOOD[kind]
    good = make()
    if kind in TEXTS:
        good *= 20
    suffix = name.partition(".")[2]
    rng = random.Random(kind)  # noqa: S311 - to be the same
    for number, (how, body) in enumerate([*_damaged(good, rng, zipped=kind in ZIPS), *attacks(kind)]):
        yield f"{number:03} {how}.{suffix}", body


def _damaged(good: bytes, rng: random.Random, *, zipped: bool) -> Iterator[tuple[str, bytes]]:
    size = len(good)
    for cut in range(CUTS):
        yield f"cut {cut}", good[: size * cut // CUTS]
    yield "without its end", good[:-1]
    yield "without its start", good[1:]
    yield "twice", good + good
    for _ in range(ROUNDS):
        yield "flipped", _flipped(good, rng, 1)
        yield "much flipped", _flipped(good, rng, 1 + size // 100)
        first, length = rng.randrange(size), rng.randrange(1, max(2, size // 4))
        yield "blanked", good[:first] + bytes(len(good[first : first + length])) + good[first + length :]
        yield "shortened", good[:first] + good[first + length :]
        middle, end = sorted((rng.randrange(size), size))
        yield "swapped", good[middle:end] + good[:middle] if rng.random() < 0.2 else _swapped(good, rng)
    yield "of noise", good[:8] + rng.randbytes(size)
    if zipped:
        yield from _damaged_parts(good, rng)


def _flipped(good: bytes, rng: random.Random, bits: int) -> bytes:
    body = bytearray(good)
    for _ in range(bits):
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
    return bytes(body)


def _swapped(good: bytes, rng: random.Random) -> bytes:
    a, b, c, d = sorted(rng.randrange(len(good) + 1) for _ in range(4))
    return good[:a] + good[c:d] + good[b:c] + good[a:b] + good[d:]


def _damaged_parts(good: bytes, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Damage what is in the ZIP, which itself is sound, so that the damage arrives at the parser."""
    with zipfile.ZipFile(BytesIO(good)) as file:
        parts: Mapping[str, bytes] = {name: file.read(name) for name in file.namelist()}
    for name, body in parts.items():
        yield f"{name.replace('/', ' ')} blank", zipped({**parts, name: b""})
        yield f"{name.replace('/', ' ')} cut", zipped({**parts, name: body[: len(body) // 2]})
        yield f"{name.replace('/', ' ')} flipped", zipped({**parts, name: _flipped(body, rng, 3)})
        without = {other: each for other, each in parts.items() if other != name}
        yield f"without {name.replace('/', ' ')}", zipped(without)
    names = list(parts)
    turned = {name: parts[other] for name, other in zip(names, [*names[1:], names[0]], strict=True)}
    yield "with its parts swapped", zipped(turned)
