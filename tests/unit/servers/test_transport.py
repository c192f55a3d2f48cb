"""Warnings of unencrypted connections: only those that leave for the internet are worth one."""

import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from alonchat_crawl.servers import transport


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Each test may warn."""
    transport._warn.cache_clear()
    yield
    transport._warn.cache_clear()


@pytest.mark.parametrize(
    ("addresses", "warned"),
    [
        ("8.8.8.8", True),
        ("10.0.0.1 8.8.8.8", True),
        ("64:ff9b::8.8.8.8", True),
        ("10.0.0.1", False),
        ("192.0.0.192", False),
        ("168.63.129.16", False),
        ("fe80::1%eth0", False),
        ("64:ff9b::10.0.0.1", False),
        ("2002:808:808::1", False),
    ],
)
def test_which_addresses_are_the_internet(
    addresses: str, *, warned: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A server is reached over the internet if it has an address that a crawl may dial without leave."""

    def getaddrinfo(*_: object, **__: object) -> list[Any]:
        return [(0, 0, 0, "", (address, 0)) for address in addresses.split()]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with caplog.at_level(logging.WARNING):
        transport.warn_of_redis(redis.Redis(host="redis.test"))
    assert ("leads over the internet without TLS" in caplog.text) == warned
