"""Networks as merged ranges of addresses, searched by bisection: 8 bytes per IPv4 range."""

import socket
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address
from itertools import pairwise

from alonchat_crawl.fetch.public_addresses import Address, ipv4_inside

Range = tuple[int, int]
"""First and last address."""


def range_of(cidr: str) -> tuple[int, Range]:
    """Return the IP version of a CIDR and its range."""
    address, _, prefix = cidr.partition("/")
    version, family, bits = (6, socket.AF_INET6, 128) if ":" in address else (4, socket.AF_INET, 32)
    first = int.from_bytes(socket.inet_pton(family, address), "big")
    return version, (first, first | ((1 << (bits - int(prefix))) - 1))


class NetworkSet:
    """A set of networks. It also contains IPv6 addresses that lead to an IPv4 address in it."""

    def __init__(self, cidrs: Iterable[str] = ()) -> None:
        ranges: dict[int, list[Range]] = {4: [], 6: []}
        for cidr in cidrs:
            version, found = range_of(cidr)
            ranges[version].append(found)
        merged = _merged(ranges[4])
        self._starts4 = array("I", [first for first, _ in merged])
        self._ends4 = array("I", [last for _, last in merged])
        merged = _merged(ranges[6])
        self._starts6 = [first for first, _ in merged]
        self._ends6 = [last for _, last in merged]

    def __len__(self) -> int:
        return len(self._starts4) + len(self._starts6)

    def __contains__(self, address: Address) -> bool:
        if isinstance(address, IPv4Address):
            return _within(int(address), self._starts4, self._ends4)
        if _within(int(address), self._starts6, self._ends6):
            return True
        inner = ipv4_inside(address)
        return inner is not None and inner in self


def _within(address: int, starts: Sequence[int], ends: Sequence[int]) -> bool:
    position = bisect_right(starts, address)
    return position > 0 and address <= ends[position - 1]


def _merged(ranges: list[Range]) -> list[Range]:
    """Join ranges that touch or overlap."""
    ranges.sort()
    merged: list[Range] = ranges[:1]
    for _, (first, last) in pairwise(ranges):
        if first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged
