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
"""Stands for the index of an origin, if the URL is on none of the source's origins."""

UNREADABLE = (
    ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError, OSError,
    msgpack.UnpackException,
)  # fmt: skip
"""What decoding raises for data that our code did not write. OSError: a timestamp out of range."""

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
        raise ValueError("its priority or its URL is invalid")
    urlsplit(source.url)
    return source


def encode_entry(link: Link, origins: Sequence[str] = ()) -> bytes:
    """Encode a URL as msgpack [kind, depth, origin, path, hops]; it is short if it is on one of `origins`."""
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
    """Build a lease from the values that the transition `take` returns for it.

    Raises errors.Unreadable, which names `source` or `entry`, if something else wrote into the frontier.
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
    """Raise errors.Unreadable for data that we did not write. It names the error but quotes no data."""
    try:
        yield
    except UNREADABLE as error:
        raise Unreadable(entry, type(error).__name__) from None


def fingerprint(source: Source, url: str) -> int:
    """63 bits of BLAKE2b of a URL. Redis keeps such an integer in 8 bytes.

    The hash is keyed with the run's id, so that no site can craft URLs that collide.
    """
    return int.from_bytes(blake2b(url.encode(), digest_size=8, key=source.crawl_id.bytes).digest()) >> 1
