"""How sources and URLs are written in Redis: JSON and msgpack, never pickle."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import urlsplit

import msgpack
from pydantic import TypeAdapter

from alonchat_crawl.errors import Unreadable
from alonchat_crawl.sources import DEPTH_MOST, PAGES_MOST, Kind, Lease, Link, Source

WHOLE_URL = -1
"""In place of an origin's index, if the URL is on none of the source's own origins."""

UNREADABLE = (
    ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError, OSError,
    msgpack.UnpackException,
)  # fmt: skip
"""What reading raises for something that none of our code wrote; OSError for a time that no calendar has."""

_source = TypeAdapter(Source)


def encode_source(source: Source) -> bytes:
    """The source as JSON."""
    return _source.dump_json(source)


@lru_cache(maxsize=1024)
def decode_source(spec: bytes) -> Source:
    """The source from its JSON; raises ValueError (pydantic's ValidationError is one) on anything else."""
    source = _source.validate_json(spec)
    if not (1 <= source.max_pages <= PAGES_MOST and 0 <= source.max_depth <= DEPTH_MOST):
        raise ValueError("its limits are out of range")
    if not 1 <= source.priority <= 10 or "://" not in source.url:  # noqa: PLR2004
        raise ValueError("its priority or its URL is none")
    urlsplit(source.url)
    return source


def encode_entry(link: Link, origins: Sequence[str] = ()) -> bytes:
    """A URL to queue: msgpack [kind, depth, origin, path, hops], short if it is on one of `origins`."""
    origin, path = WHOLE_URL, link.url
    for index, known in enumerate(origins):
        if link.url.startswith(f"{known}/"):
            origin, path = index, link.url[len(known) :]
            break
    entry = [int(link.kind), link.depth, origin, path, link.hops]
    packed: bytes = msgpack.packb(entry)  # type: ignore[no-untyped-call]
    return packed


def decode_lease(
    shard: int,
    lease_id: bytes,
    spec: bytes,
    origins: bytes,
    domain: bytes,
    delay_ms: bytes | int,
    entry: bytes,
) -> Lease:
    """A lease from the values that the transition `take` returns for it.

    Raises errors.Unreadable, of `source` or of `entry`, if somebody else wrote into the frontier.
    """
    with readable("source"):
        source, known = decode_source(spec), tuple(origins.decode().split())
    with readable("entry"):
        kind, depth, origin, path, hops, *failures = msgpack.unpackb(entry, unicode_errors="replace")  # type: ignore[no-untyped-call, attr-defined]
        return Lease(
            id=lease_id.decode(),
            source=source,
            origins=known,
            domain=domain.decode(),
            url=path if origin == WHOLE_URL else known[origin] + path,
            kind=Kind(kind),
            depth=depth,
            attempt=sum(map(len, failures)) + 1,
            hops=hops,
            delay_seconds=int(delay_ms) / 1000,
            shard=shard,
        )


@contextmanager
def readable(entry: str) -> Iterator[None]:
    """Raise errors.Unreadable for what somebody else wrote; it names the error alone, and quotes nothing."""
    try:
        yield
    except UNREADABLE as error:
        raise Unreadable(entry, type(error).__name__) from None


def fingerprint(source: Source, url: str) -> int:
    """63 bits of BLAKE2b: as an integer, Redis keeps it in 8 bytes.

    Keyed with the run, so that no site can choose URLs which fall together.
    """
    return int.from_bytes(blake2b(url.encode(), digest_size=8, key=source.crawl_id.bytes).digest()) >> 1
