"""How sources and URLs are written in Redis: JSON and msgpack, never pickle."""

from functools import lru_cache
from hashlib import blake2b
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgpack
import tldextract
from pydantic import TypeAdapter

from alonchat_crawl.sources import Kind, Lease, Link, Source

# An offline copy of the public suffix list comes with the package; its private part makes a shop on
# a hosting platform a domain of its own.
_suffixes = tldextract.TLDExtract(suffix_list_urls=(), include_psl_private_domains=True, cache_dir=None)
_source = TypeAdapter(Source)


def encode_source(source: Source) -> bytes:
    """The source as JSON."""
    return _source.dump_json(source)


@lru_cache(maxsize=1024)
def decode_source(spec: bytes) -> Source:
    """The source from its JSON; raises pydantic's ValidationError on anything else."""
    return _source.validate_json(spec)


def encode_entry(link: Link) -> bytes:
    """A URL to queue, with no attempts made: msgpack [0, kind, depth, url, hops]."""
    packed: bytes = msgpack.packb([0, link.kind.value, link.depth, link.url, link.hops])  # type: ignore[no-untyped-call]
    return packed


def decode_lease(lease_id: bytes, spec: bytes, host: bytes, domain: bytes, entry: bytes) -> Lease:
    """A lease from the values that the transition `take` returns for it."""
    attempts, kind, depth, url, hops = msgpack.unpackb(entry)  # type: ignore[no-untyped-call, attr-defined]
    return Lease(
        id=lease_id.decode(),
        source=decode_source(spec),
        host=host.decode(),
        domain=domain.decode(),
        url=url,
        kind=Kind(kind),
        depth=depth,
        attempt=attempts + 1,
        hops=hops,
    )


def fingerprint(url: str) -> int:
    """63 bits of BLAKE2b: as an integer, Redis keeps it in 8 bytes."""
    return int.from_bytes(blake2b(url.encode(), digest_size=8).digest()) >> 1


@lru_cache(maxsize=4096)
def pace_domain(host: str) -> str:
    """What politeness is counted against: the registrable domain, or the address of an IP literal."""
    try:
        return str(ip_address(host.strip("[]")))
    except ValueError:
        found = _suffixes(host)
    if found.suffix:
        return found.top_domain_under_public_suffix or host
    # The list's own rule for a top-level domain that it does not know: one label below it.
    return ".".join(host.split(".")[-2:])


def url_domain(url: str) -> str:
    """The pace domain of an absolute URL."""
    return pace_domain(urlsplit(url).hostname or "")
