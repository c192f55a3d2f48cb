"""How URLs are written: the one canonical form, origins, and host names as browsers read them.

Host names: https://url.spec.whatwg.org/#host-parsing, by UTS #46 (the package idna). IDNA 2008 (RFC 5891)
refuses names that browsers ask for and name servers know: with `_`, with hyphens anywhere, with emoji. So
only those of its checks are used that UTS #46 asks for in section 4.1, with CheckHyphens and
UseSTD3ASCIIRules off. Two things differ from UTS #46: name servers decide whether an xn-- name is valid, and
a percent-encoded name is refused.
"""

import re
import socket
from functools import lru_cache
from ipaddress import IPv4Address
from urllib.parse import SplitResult, urlsplit

from idna.core import check_bidi, check_initial_combiner, check_nfc, uts46_remap, valid_contextj
from w3lib.url import canonicalize_url, safe_url_string

URL_MAX_CHARS = 2083
"""The most that crawlers and old browsers accept; Scrapy's URLLENGTH_LIMIT."""
DEFAULT_PORTS = {"http": 80, "https": 443}
Origin = tuple[str, str, int]
"""Scheme, host in lower case, port."""

NAME = re.compile(r"(?!\.)[a-z0-9._-]{1,253}")
ADDRESS = re.compile(r"\[[0-9a-f:.]+\]")
IPV4_END = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$")
LABEL_MAX_CHARS = 63
PUNYCODE = "xn--"
JOINERS = "\u200c\u200d"
_AUTHORITY = re.compile(r"([a-z][a-z0-9+.-]*:[/\\]{2,})([^/\\?#]*)", re.IGNORECASE | re.DOTALL)
_BRACKETED = re.compile(r"\[[0-9a-f:.]+\](?::[0-9]*)?", re.IGNORECASE)
_UNSEEN = re.compile(r"[\t\n\r]")


def canonical_url(url: str) -> str | None:
    """Return the one spelling of an absolute http(s) URL that stands for it everywhere.

    Lower-case scheme, the host as `ascii_host` has it, no default port, no dot segments, no fragment, sorted
    query (w3lib), brackets encoded. None for other schemes, credentials, impossible hosts and ports, and over
    2083 characters.
    """
    if len(url) > 2 * URL_MAX_CHARS:
        return None
    try:
        parts = urlsplit(canonicalize_url(safe_url_string(with_ascii_host(url))))
        host = _host(parts)
        port = parts.port
    except ValueError:  # urllib's word for a broken bracket, port or character; UnicodeError is one too
        return None
    if parts.scheme not in DEFAULT_PORTS or "@" in parts.netloc or port == 0:
        return None
    authority = host if port in {None, DEFAULT_PORTS[parts.scheme]} else f"{host}:{port}"
    query = f"?{parts.query}" if parts.query else ""
    # Brackets stand for themselves in a host only (RFC 3986 3.2.2); elsewhere they could be Markdown's.
    rest = f"{_without_dots(parts.path)}{query}".replace("[", "%5B").replace("]", "%5D")
    canonical = f"{parts.scheme}://{authority}{rest}"
    return canonical if len(canonical) <= URL_MAX_CHARS else None


def _host(parts: SplitResult) -> str:
    """Raises ValueError."""
    if "[" not in parts.netloc:
        return ascii_host(parts.hostname or "")
    if not ADDRESS.fullmatch(host := f"[{parts.hostname}]"):
        raise ValueError(f"{host} is no address")
    return _usual_ipv6(host)


def _usual_ipv6(host: str) -> str:
    """Write an IPv4 address inside an IPv6 one in hexadecimal (WHATWG URL, 3.5), as Python does before 3.13.

    Otherwise workers on two versions of Python would take one URL for two.
    """
    head, _, ipv4 = host.strip("[]").rpartition(":")
    if "." not in ipv4:
        return host
    value = int(IPv4Address(ipv4))
    return f"[{head}:{value >> 16:x}:{value & 0xFFFF:x}]"


def origin_of(url: str) -> str:
    """The scheme, host and port of an absolute URL: https://example.com."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def origin_parts(url: str) -> Origin:
    """Return the origin of an http(s) URL. Raises ValueError for an impossible port."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 0)


def _without_dots(path: str) -> str:
    """Remove dot segments (RFC 3986, 5.2.4), those written %2e as well (URL Standard)."""
    kept: list[str] = []
    segments = (path or "/").split("/")[1:]
    for number, segment in enumerate(segments, 1):
        plain = segment.lower().replace("%2e", ".")
        if plain == "..":
            del kept[-1:]
        elif plain != ".":
            kept.append(segment)
        if plain in {".", ".."} and number == len(segments):
            kept.append("")
    return "/" + "/".join(kept)


def with_ascii_host(url: str) -> str:
    """Return an absolute URL with its host in ASCII. Raises ValueError if that cannot be done."""
    url = _UNSEEN.sub("", url.strip())
    found = _AUTHORITY.match(url)
    if found is None or "@" in found[2] or _BRACKETED.fullmatch(found[2]):
        return url
    host, colon, port = found[2].partition(":")
    return f"{found[1]}{ascii_host(host)}{colon}{port}{url[found.end() :]}"


@lru_cache(maxsize=16_384)
def ascii_host(host: str) -> str:
    """Return a name in ASCII without the root's dot, or an IPv4 address in four decimal parts.

    Raises ValueError (a UnicodeError is one) if it is no host.
    """
    name = host.lower() if host.isascii() else uts46_remap(host, std3_rules=False)
    name = ".".join(map(_label, name.removesuffix(".").split(".")))
    if not NAME.fullmatch(name):
        raise ValueError(f"{host!r} is no host name")
    return _usual_ipv4(name) if IPV4_END.search(name) else name


def _usual_ipv4(name: str) -> str:
    """Return the IPv4 address that a name which ends in a number stands for (WHATWG URL, 3.5)."""
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except OSError:
        raise ValueError(f"{name} is no address") from None


def _label(label: str) -> str:
    """A mapped label in ASCII."""
    if label.startswith(PUNYCODE):
        if not label.isascii():
            raise ValueError(f"{label!r} is neither ASCII nor a name")
        plain = label.removeprefix(PUNYCODE).encode().decode("punycode")
        if plain.isascii():  # a fake of a plain one: xn--localhost-
            raise ValueError(f"{label} stands for an ASCII name")
    elif not label.isascii():
        _check(label)
        label = PUNYCODE + label.encode("punycode").decode()
    if not 0 < len(label) <= LABEL_MAX_CHARS:
        raise ValueError(f"{label!r} is no label")
    return label


def _check(label: str) -> None:
    """Raise ValueError if UTS #46 does not allow the label."""
    check_nfc(label)
    check_initial_combiner(label)
    check_bidi(label)
    if "." in label or uts46_remap(label, std3_rules=False) != label:
        raise ValueError(f"{label!r} is not as it would be mapped")
    if not all(valid_contextj(label, place) for place, char in enumerate(label) if char in JOINERS):
        raise ValueError(f"{label!r} has a joiner that joins nothing")
