"""How far fetching a file that a site keeps for robots has come, and what an answer means. Pure."""

import json
import zlib
from dataclasses import asdict, dataclass
from urllib.parse import urljoin, urlsplit

from alonchat_crawl.reasons import Reason
from alonchat_crawl.urls import canonical_url

FETCH_AGAIN = frozenset({408, 425, 429})
"""Client errors that say nothing of the file itself."""
UNREADABLE = "redirected to no URL that can be asked"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to go on asking for a file, and how much of it to read and keep."""

    max_bytes: int
    max_kept_bytes: int
    """Of what all workers keep of it, compressed."""
    max_hops: int
    max_failures: int
    cache_seconds: int
    unreachable_seconds: int
    """Until one that could not be had is asked for again."""


@dataclass(frozen=True, slots=True)
class Body:
    """A file that was had: its first bytes up to the limit; empty where the site has none."""

    octets: bytes
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands of a file until it is fetched anew."""

    essence: bytes
    """All of it that concerns us."""
    unreachable: str = ""
    """Why it could not be had for so long that it must be supposed to forbid all; empty where it could."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A file that is still to be fetched."""

    url: str
    hops: int = 0
    """Redirects that led to `url`."""
    failures: int = 0
    """Times in a row that the site could not say."""


def read_answer(visit: Visit, status: int, location: str, body: bytes, limits: Limits) -> Body | Kept | Visit:
    """What an answer to a visit means: the file, or where and how often to ask on.

    RFC 9309, sections 2.3.1 and 2.5: five redirects are followed, on whatever hosts; beyond them, and for a
    client error, the file is unavailable; for a server error it is unreachable once that has lasted for some
    visits. It stays so for as long as the site fails: that one may then do as if there were none, or with an
    old copy, is not made use of. Only the body of a success is ever read.
    """
    if 200 <= status < 300:  # noqa: PLR2004
        return Body(body[: limits.max_bytes], whole=len(body) <= limits.max_bytes)
    if 300 <= status < 400:  # noqa: PLR2004
        return _redirected(visit, location) if visit.hops < limits.max_hops else Body(b"")
    if 400 <= status < 500 and status not in FETCH_AGAIN:  # noqa: PLR2004
        return Body(b"")
    return failed(visit, Reason.http(status), limits)


def failed(visit: Visit, reason: str, limits: Limits) -> Kept | Visit:
    """What becomes of a visit that the site or the network failed."""
    if visit.failures + 1 >= limits.max_failures:
        return Kept(b"", unreachable=reason)
    return Visit(visit.url, visit.hops, visit.failures + 1)


def _redirected(visit: Visit, location: str) -> Body | Kept | Visit:
    """Where a redirect leads; where that cannot be read, we cannot know what the file there forbids."""
    try:
        target = urljoin(visit.url, location.strip())
        scheme = urlsplit(target).scheme
    except ValueError:
        return Kept(b"", unreachable=UNREADABLE)
    if not location or scheme not in {"http", "https"}:
        return Body(b"")
    readable = canonical_url(target)
    return Visit(readable, visit.hops + 1) if readable else Kept(b"", unreachable=UNREADABLE)


def encode(found: Kept | Visit) -> bytes:
    """As it is put into Redis."""
    if isinstance(found, Visit):
        return b"visit " + json.dumps(asdict(found)).encode()
    if found.unreachable:
        return b"unreachable " + found.unreachable.encode()
    return b"kept " + zlib.compress(found.essence)


def decode(value: bytes, max_bytes: int) -> Kept | Visit | None:
    """Read what `encode` wrote, up to so many bytes of essence; None for anything else."""
    kind, _, rest = value.partition(b" ")
    try:
        match kind:
            case b"visit":
                return _visit(json.loads(rest))
            case b"unreachable" if rest:
                return Kept(b"", unreachable=rest.decode())
            case b"kept":
                unpacking = zlib.decompressobj()
                essence = unpacking.decompress(rest, max_bytes)
                return Kept(essence) if unpacking.eof else None
    except (ValueError, RecursionError, zlib.error):
        pass
    return None


def _visit(found: object) -> Visit | None:
    match found:
        case {"url": str(url), "hops": int(hops), "failures": int(failures)}:
            return Visit(url, hops, failures)
    return None
