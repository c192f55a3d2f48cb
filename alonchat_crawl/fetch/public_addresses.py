"""IP addresses: which IPv4 address an IPv6 form stands for, and which addresses are public.

Other spellings of IPv4 addresses (`0x7f.1`) never get here: `urls.ascii_host` has normalised them.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
IPV4_MASK = 0xFFFFFFFF

# Written out, because Python's `is_global` differs between its patch releases: 3.11.7 calls public
# 192.0.0.192 (where Oracle's cloud keeps credentials), all of 6to4, 3fff::/20 and 5f00::/16.
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
            # Azure's internal services for its machines, at an address that only looks public:
            # https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
            "168.63.129.16/32",
        ),
    )
)
UNICAST_IPV6 = IPv6Network("2000::/3")
"""All addresses that were ever assigned to anyone: https://www.iana.org/assignments/ipv6-unicast-address-assignments."""
SPECIAL_IPV6 = tuple(
    map(
        IPv6Network,
        (
            # https://www.iana.org/assignments/iana-ipv6-special-registry, the entries in 2000::/3
            "2001::/23",  # with Teredo, a tunnel to an IPv4 address
            "2001:db8::/32",
            "2002::/16",  # 6to4, another such tunnel; withdrawn by RFC 7526
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)
MAPPED = IPv6Network("::ffff:0:0/96")
"""IPv4 addresses as IPv6 sockets write them (RFC 4291, section 2.5.5.2)."""
NAT64 = IPv6Network("64:ff9b::/96")
"""The well-known prefix of IPv4 addresses behind a translator (RFC 6052). Public sites may be there."""
ISATAP = frozenset({0x00005EFE, 0x02005EFE})
"""Upper halves of interface identifiers whose lower half is an IPv4 address (RFC 5214, section 6.1)."""


@lru_cache(maxsize=16_384)
def parse_address(address: str) -> Address | None:
    """Parse an address in its usual spelling; None for names and for spellings that only resolvers accept."""
    try:
        return ip_address(address)
    except ValueError:
        return None


def dialled_address(ip: Address) -> Address:
    """Return the address that answers if this one is dialled: for a mapped or NAT64 address, the IPv4 one."""
    if isinstance(ip, IPv6Address) and (ip in MAPPED or ip in NAT64):
        return IPv4Address(int(ip) & IPV4_MASK)
    return ip


def dialled_network(network: Network) -> Network:
    """Return the network whose addresses answer if those of this network are dialled."""
    if isinstance(network, IPv6Network):
        for prefix in (MAPPED, NAT64):
            if network.subnet_of(prefix):
                inner = int(network.network_address) & IPV4_MASK
                return IPv4Network((inner, network.prefixlen - prefix.prefixlen))
    return network


def ipv4_inside(ip: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address leads to, 6to4 and Teredo included; None if there is none.

    Only use it to refuse addresses: a tunnel is not public or allowed because its target is.
    """
    dialled = dialled_address(ip)
    if isinstance(dialled, IPv4Address):
        return dialled
    return ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


@lru_cache(maxsize=16_384)
def is_public(address: str) -> bool:
    """Whether an address is public; False if it is no address in its usual spelling."""
    ip = parse_address(address)
    if ip is None or (isinstance(ip, IPv6Address) and ip.scope_id is not None):
        return False
    ip = dialled_address(ip)
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in SPECIAL_IPV4)
    if ip not in UNICAST_IPV6 or any(ip in network for network in SPECIAL_IPV6):
        return False
    return (int(ip) >> 32) & 0xFFFFFFFF not in ISATAP


def is_allowed(address: str, allowed: Sequence[Network]) -> bool:
    """Whether an address, or the IPv4 address that answers for it, is in one of the networks."""
    if not allowed or (ip := parse_address(address)) is None:
        return False
    asked = {ip, dialled_address(ip)}
    return any(one.version == network.version and one in network for one in asked for network in allowed)
