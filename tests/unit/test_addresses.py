"""Which addresses may be dialled."""

from ipaddress import ip_network

import pytest

from alonchat_crawl.policies.public_addresses import may_dial

PUBLIC = [
    "93.184.216.34",
    "8.8.8.8",
    "2606:2800:220:1:248:1893:25c8:1946",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]
REFUSED = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104 - must be refused
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::80ff:fffe",
    "not an address",
    "",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    """A globally reachable address may be dialled."""
    assert may_dial(address, ())


@pytest.mark.parametrize("address", REFUSED)
def test_other_addresses_do_not(address: str) -> None:
    """Private, reserved, multicast and broken addresses may not, nor IPv6 forms that stand for them."""
    assert not may_dial(address, ())


def test_allowed_networks() -> None:
    """A network that the operator allowed may be dialled, and no other."""
    allowed = (ip_network("10.1.0.0/16"), ip_network("::1/128"))
    assert may_dial("10.1.2.3", allowed)
    assert may_dial("::1", allowed)
    assert may_dial("::ffff:10.1.2.3", allowed)
    assert not may_dial("10.2.0.1", allowed)
