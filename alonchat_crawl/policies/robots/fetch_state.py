"""The state of fetching a file for robots, and what a response to it means. Pure."""

import json
import zlib
from dataclasses import asdict, dataclass
from urllib.parse import urljoin, urlsplit

from alonchat_crawl.reasons import Reason
from alonchat_crawl.urls import canonical_url

FETCH_AGAIN = frozenset({408, 425, 429})
"""Client errors that say nothing about the file itself, which is then fetched again."""
UNREADABLE = "redirected to no URL that can be asked"


@dataclass(frozen=True, slots=True)
class SiteFileLimits:
    """How often a file is fetched, and how much of it is read and kept."""

    max_bytes: int
    max_kept_bytes: int
    """Limit of its condensed and compressed form in Redis."""
    max_hops: int
    max_failures: int
    cache_seconds: int
    unreachable_seconds: int
    """Time until an unreachable file is fetched again."""


@dataclass(frozen=True, slots=True)
class FileBody:
    """A fetched file: its first `max_bytes`; empty if the site has none."""

    octets: bytes
    whole: bool = True


@dataclass(frozen=True, slots=True)
class KeptFile:
    """What is kept of a file until it is fetched again."""

    condensed: bytes
    """The lines that concern us, in a form that `SiteFileKind.parse` reads."""
    unreachable: str = ""
    """Why it could not be fetched, so that it counts as forbidding everything; empty if it was fetched."""


@dataclass(frozen=True, slots=True)
class PendingFile:
    """A file that must still be fetched."""

    url: str
    hops: int = 0
    """How many redirects led to `url`."""
    failures: int = 0
    """How often in a row the site or the network failed."""


def read_response(
    pending: PendingFile, status: int, location: str, body: bytes, limits: SiteFileLimits
) -> FileBody | KeptFile | PendingFile:
    """What a response means: the file, or another request and its URL (RFC 9309, sections 2.3.1 and 2.5).

    Up to `max_hops` redirects are followed, to any host. After more redirects, and after a client error, the
    site counts as having no such file. After `max_failures` server errors the file is unreachable, for as
    long as the site fails: the RFC would allow us to crawl without the file, or by an old copy, but we do
    not. Only the body of a successful response is read.
    """
    if 200 <= status < 300:  # noqa: PLR2004
        return FileBody(body[: limits.max_bytes], whole=len(body) <= limits.max_bytes)
    if 300 <= status < 400:  # noqa: PLR2004
        return _redirected(pending, location) if pending.hops < limits.max_hops else FileBody(b"")
    if 400 <= status < 500 and status not in FETCH_AGAIN:  # noqa: PLR2004
        return FileBody(b"")
    return failed(pending, Reason.http(status), limits)


def failed(pending: PendingFile, reason: str, limits: SiteFileLimits) -> KeptFile | PendingFile:
    """What follows a failure of the site or the network: another attempt, or `unreachable`."""
    if pending.failures + 1 >= limits.max_failures:
        return KeptFile(b"", unreachable=reason)
    return PendingFile(pending.url, pending.hops, pending.failures + 1)


def _redirected(pending: PendingFile, location: str) -> FileBody | KeptFile | PendingFile:
    """Follow a redirect. If its target is no URL, the file counts as unreachable."""
    try:
        target = urljoin(pending.url, location.strip())
        scheme = urlsplit(target).scheme
    except ValueError:
        return KeptFile(b"", unreachable=UNREADABLE)
    if not location or scheme not in {"http", "https"}:
        return FileBody(b"")
    readable = canonical_url(target)
    return PendingFile(readable, pending.hops + 1) if readable else KeptFile(b"", unreachable=UNREADABLE)


def encode(found: KeptFile | PendingFile) -> bytes:
    """Encode a file's state for Redis."""
    if isinstance(found, PendingFile):
        return b"visit " + json.dumps(asdict(found)).encode()
    if found.unreachable:
        return b"unreachable " + found.unreachable.encode()
    return b"kept " + zlib.compress(found.condensed)


def decode(value: bytes, max_bytes: int) -> KeptFile | PendingFile | None:
    """Decode what `encode` wrote, up to `max_bytes` of condensed file; None for anything else."""
    kind, _, rest = value.partition(b" ")
    try:
        match kind:
            case b"visit":
                return _pending(json.loads(rest))
            case b"unreachable" if rest:
                return KeptFile(b"", unreachable=rest.decode())
            case b"kept":
                unpacking = zlib.decompressobj()
                condensed = unpacking.decompress(rest, max_bytes)
                return KeptFile(condensed) if unpacking.eof else None
    except (ValueError, RecursionError, zlib.error):
        pass
    return None


def _pending(found: object) -> PendingFile | None:
    match found:
        case {"url": str(url), "hops": int(hops), "failures": int(failures)}:
            return PendingFile(url, hops, failures)
    return None
