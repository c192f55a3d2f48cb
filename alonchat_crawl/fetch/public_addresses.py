"""Which addresses are of the public internet: pure."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

# Written out, because Python's `is_global` differs between its patch releases: 3.11.7 takes for public
# 192.0.0.192, where Oracle's cloud keeps credentials, all that 6to4 stands for, 3fff::/20 and 5f00::/16.
SPECIAL_IPV4 = tuple(
    map(
        IPv4Network,
        (
            # https://www.iana.org/assignments/iana-ipv4-special-registry (November 2025)
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            # Azure's own services to each of its machines, at an address that only looks public:
            # https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
            "168.63.129.16/32",
        ),
    )
)
UNICAST_IPV6 = IPv6Network("2000::/3")
"""All that has ever been given to anyone: https://www.iana.org/assignments/ipv6-unicast-address-assignments."""
SPECIAL_IPV6 = tuple(
    map(
        IPv6Network,
        (
            # https://www.iana.org/assignments/iana-ipv6-special-registry, what of it is in 2000::/3
            "2001::/23",  # with Teredo, which stands for an IPv4 address
            "2001:db8::/32",
            "2002::/16",  # 6to4, the same; withdrawn by RFC 7526
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)
STANDS_FOR_IPV4 = tuple(map(IPv6Network, ("::ffff:0:0/96", "64:ff9b::/96")))
"""Mapped (RFC 4291, section 2.5.5.2), and NAT64 by its well-known prefix (RFC 6052): sites may be there."""
ISATAP = frozenset({0x00005EFE, 0x02005EFE})
"""The upper half of an interface's identifier whose lower half is an IPv4 address: RFC 5214, section 6.1."""


def embedded_ipv4(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that will be asked in the place of an IPv6 one; None where there is none."""
    if any(ip in network for network in STANDS_FOR_IPV4):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return None


@lru_cache(maxsize=16_384)
def parse_address(address: str) -> IPv4Address | IPv6Address | None:
    """Read an address in its usual spelling; None for a name, and for what only resolvers understand."""
    try:
        return ip_address(address)
    except ValueError:
        return None


@lru_cache(maxsize=16_384)
def is_public(address: str) -> bool:
    """Whether an address is of the public internet; False for what is no address in its usual spelling."""
    ip = parse_address(address)
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in SPECIAL_IPV4)
    if ip is None or ip.scope_id is not None:
        return False
    if (inner := embedded_ipv4(ip)) is not None:
        return is_public(str(inner))
    if ip not in UNICAST_IPV6 or any(ip in network for network in SPECIAL_IPV6):
        return False
    return (int(ip) >> 32) & 0xFFFFFFFF not in ISATAP


def is_allowed(address: str, allowed: Sequence[Network]) -> bool:
    """Whether an address, or the IPv4 address that it stands for, is in one of the networks."""
    if not allowed or (ip := parse_address(address)) is None:
        return False
    if any(ip.version == network.version and ip in network for network in allowed):
        return True
    inner = embedded_ipv4(ip) if isinstance(ip, IPv6Address) else None
    return inner is not None and is_allowed(str(inner), allowed)


def may_dial(address: str, allowed: Sequence[Network]) -> bool:
    """Whether an address is public or in `allowed`."""
    return is_allowed(address, allowed) or is_public(address)
