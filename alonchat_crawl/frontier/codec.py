"""How sources and URLs are written in Redis: JSON and msgpack, never pickle."""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import urlsplit

import msgpack
from pydantic import TypeAdapter

from alonchat_crawl.sources import Kind, Lease, Link, Source

WHOLE_URL = -1
"""In place of an origin's index: the URL is on none of the source's own origins."""

UNREADABLE = (ValueError, TypeError, IndexError, AttributeError, msgpack.UnpackException)
"""What `decode_lease` raises where somebody else wrote into the frontier."""

_source = TypeAdapter(Source)


def encode_source(source: Source) -> bytes:
    """The source as JSON."""
    return _source.dump_json(source)


@lru_cache(maxsize=1024)
def decode_source(spec: bytes) -> Source:
    """The source from its JSON; raises pydantic's ValidationError on anything else."""
    return _source.validate_json(spec)


def origin_of(url: str) -> str:
    """The scheme, host and port of an absolute URL: https://example.com."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def encode_entry(link: Link, origins: Sequence[str] = ()) -> bytes:
    """A URL to queue: msgpack [kind, depth, origin, path, hops], short where it is on one of `origins`."""
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
    """A lease from the values that the transition `take` returns for it; raises one of UNREADABLE."""
    kind, depth, origin, path, hops, *failures = msgpack.unpackb(entry, unicode_errors="replace")  # type: ignore[no-untyped-call, attr-defined]
    known = tuple(origins.decode().split())
    return Lease(
        id=lease_id.decode(),
        source=decode_source(spec),
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


def fingerprint(source: Source, url: str) -> int:
    """63 bits of BLAKE2b: as an integer, Redis keeps it in 8 bytes.

    Keyed with the run, so that no site can choose URLs which fall together.
    """
    return int.from_bytes(blake2b(url.encode(), digest_size=8, key=source.crawl_id.bytes).digest()) >> 1
