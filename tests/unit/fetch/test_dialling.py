"""The guard where connections are made, alone: a reactor that would dial anything stands behind it."""

import asyncio
import socket
from typing import Any

import pytest
from scrapy.exceptions import CannotResolveHostError
from twisted.internet.address import IPv4Address
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ConnectionRefusedError as TxConnectionRefusedError
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from alonchat_crawl.errors import Refused
from alonchat_crawl.fetch.address_rules import AddressRules, Storage
from alonchat_crawl.fetch.dialling import Dialler, GuardedReactor
from alonchat_crawl.fetch.http_connection import CLOSE_SECONDS
from alonchat_crawl.fetch.reactor_resolver import ReactorResolver
from alonchat_crawl.fetch.resolver import MAX_ADDRESSES, Resolver

RULES = AddressRules((), frozenset({80, 443}))
ORIGIN = ("http", "a.test", 80)


class Reactor(Clock):
    """Takes note of whom it should dial, and fails."""

    def __init__(self) -> None:
        super().__init__()
        self.dialled: list[tuple[str, int]] = []

    def connectTCP(self, host: str, port: int, factory: Any, **_: Any) -> None:  # noqa: N802
        """As a reactor does."""
        self.dialled.append((host, port))
        factory.clientConnectionFailed(None, TxConnectionRefusedError())  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("addresses", "port", "dialled"),
    [
        (("8.8.8.8",), 80, ["8.8.8.8"]),
        (("127.0.0.1",), 80, []),
        (("::1", "10.0.0.1", "fe80::1", "::ffff:127.0.0.1"), 80, []),
        (("127.0.0.1", "8.8.8.8", "::1", "2606:4700:4700::1111"), 80, ["8.8.8.8", "2606:4700:4700::1111"]),
        (("8.8.8.8",), 6379, []),
        (("8.8.8.8", "1.1.1.1"), 22, []),
    ],
)
def test_what_is_dialled(addresses: tuple[str, ...], port: int, dialled: list[str]) -> None:
    """Of whatever an endpoint was given, only what the rules allow reaches the reactor."""
    reactor = Reactor()
    endpoint: Any = HostnameEndpoint(GuardedReactor(reactor, addresses, RULES), "any.test", port)
    failures: list[Any] = []
    endpoint.connect(Factory()).addErrback(failures.append)
    reactor.pump([1.0] * len(addresses))
    assert reactor.dialled == [(address, port) for address in dialled]
    assert len(failures) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "::1", "fe80::1%lo", ""])
def test_what_is_no_public_address_is_not_dialled(host: str) -> None:
    """A name, or another spelling, is no address: the system would look it up itself."""
    reactor = Reactor()
    with pytest.raises(Refused):
        GuardedReactor(reactor, (), RULES).connectTCP(host, 80, None)
    assert reactor.dialled == []


class AbortableTransport(StringTransport):
    """Knows when it was told to end at once."""

    aborting = False

    def abortConnection(self) -> None:  # noqa: N802
        """As a TCP transport does."""
        self.aborting = True


class Receiver:
    """Collects what a resolver tells."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.complete = asyncio.Event()

    def resolutionBegan(self, _: object) -> None:  # noqa: N802
        """As Twisted calls it."""

    def addressResolved(self, address: Any) -> None:  # noqa: N802
        """As Twisted calls it."""
        self.found.append(address.host)

    def resolutionComplete(self) -> None:  # noqa: N802
        """As Twisted calls it."""
        self.complete.set()


def resolver(kept_seconds: float = 60.0, timeout_seconds: float = 5.0, kept_max: int = 2) -> Resolver:
    """With few places."""
    return Resolver(threads=2, timeout_seconds=timeout_seconds, kept_seconds=kept_seconds, kept_max=kept_max)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the name servers know; each answer is used up."""
    known: dict[str, list[str]] = {}

    def getaddrinfo(host: str, *_: object, **__: object) -> list[Any]:
        if not known.get(host):
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return [(0, 0, 0, "", (address, 0)) for address in known[host].pop(0).split()]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


async def test_the_reactors_resolver_tells_public_addresses_alone(answers: dict[str, list[str]]) -> None:
    """Whatever else may use it finds nothing that is not public; a name that is not known ends, too."""
    answers["mixed.test"] = ["127.0.0.1 8.8.8.8 ::1 2606:4700:4700::1111 169.254.169.254"]
    for host, found in (("mixed.test", ["8.8.8.8", "2606:4700:4700::1111"]), ("none.test", []), ("::1", [])):
        receiver = Receiver()
        ReactorResolver(None, resolver(), RULES).resolveHostName(receiver, host, 6379)
        await asyncio.wait_for(receiver.complete.wait(), 5)
        assert receiver.found == found


async def test_answers_are_kept_for_a_while(answers: dict[str, list[str]]) -> None:
    """One answer stands while it is kept, of as many hosts as there is room for."""
    answers |= {f"{name}.test": ["8.8.8.8", "1.1.1.1"] for name in "abc"}
    keeping = resolver()
    assert [await keeping.addresses("a.test") for _ in range(2)] == [("8.8.8.8",)] * 2
    for name in "bc":
        await keeping.addresses(f"{name}.test")
    assert await keeping.addresses("a.test") == ("1.1.1.1",)
    forgetful = resolver(kept_seconds=0.0)
    answers["b.test"] = ["8.8.8.8", "1.1.1.1"]
    assert [await forgetful.addresses("b.test") for _ in range(2)] == [("8.8.8.8",), ("1.1.1.1",)]


async def test_a_host_has_few_addresses(answers: dict[str, list[str]]) -> None:
    """A thousand addresses would be a thousand connections to others."""
    answers["many.test"] = [" ".join(f"8.8.{n // 250}.{n % 250}" for n in range(1000))]
    assert len(await resolver().addresses("many.test")) == MAX_ADDRESSES


async def test_no_answer(answers: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is not known, cannot be one or whose server is silent cannot be resolved."""
    answers.clear()
    released = asyncio.Event()
    loop = asyncio.get_running_loop()

    def silent(*_: object, **__: object) -> list[Any]:
        asyncio.run_coroutine_threadsafe(released.wait(), loop).result()
        return []

    for host in ("none.test", "a" * 64 + ".test", "\ud800.test"):
        with pytest.raises(CannotResolveHostError):
            await resolver().addresses(host)
    monkeypatch.setattr(socket, "getaddrinfo", silent)
    with pytest.raises(CannotResolveHostError, match="no answer"):
        await resolver(timeout_seconds=0.05).addresses("silent.test")
    released.set()


def kept(dialler: Dialler, guard: AddressRules, address: str = "8.8.8.8") -> tuple[Any, Any]:
    """A connection that is idle, and its transport."""
    connection: Any = dialler._new((ORIGIN, guard))
    transport: Any = AbortableTransport(  # type: ignore[no-untyped-call]
        peerAddress=IPv4Address("TCP", address, 80)
    )
    connection.makeConnection(transport)
    dialler._keep((ORIGIN, guard), connection)
    return connection, transport


async def test_a_kept_connection_is_judged_again() -> None:
    """What is blocked while a connection stays open is not asked on it; the connection is closed."""
    rules = AddressRules((), frozenset({80}))
    dialler = Dialler(Reactor(), resolver(), None, connect_seconds=1.0, idle_seconds=30.0)
    connection, _ = kept(dialler, rules)
    assert await dialler.connection(ORIGIN, rules) is connection
    connection, transport = kept(dialler, rules)
    rules.blocked = {"8.8.8.8"}.__contains__
    with pytest.raises(Refused, match="blocklist"):
        await dialler.connection(ORIGIN, rules)
    assert transport.aborting
    assert not dialler._idle


async def test_a_kept_connection_is_one_origins(answers: dict[str, list[str]]) -> None:
    """Another scheme, host, port or guard is another connection, whatever address it leads to."""
    rules = AddressRules((), frozenset({80}))
    dialler = Dialler(Reactor(), resolver(), None, connect_seconds=1.0, idle_seconds=30.0)
    kept(dialler, rules)
    for origin, guard in (
        (("http", "b.test", 80), rules),
        (("http", "a.test", 8080), rules),
        (ORIGIN, Storage(ORIGIN)),
        (ORIGIN, AddressRules((), frozenset({80}))),
    ):
        answers[origin[1]] = []
        with pytest.raises(CannotResolveHostError):  # it looks for another one
            await dialler.connection(origin, guard)


async def test_an_idle_connection_ends() -> None:
    """It is closed after its time, and at once where the other side neither asks nor leaves."""
    reactor, rules = Reactor(), AddressRules((), frozenset({80}))
    dialler = Dialler(reactor, resolver(), None, connect_seconds=1.0, idle_seconds=30.0)
    _, transport = kept(dialler, rules)
    reactor.advance(30.0)
    assert transport.disconnecting
    reactor.advance(CLOSE_SECONDS)
    assert transport.aborting
    connection, transport = kept(dialler, rules)
    connection.dataReceived(b"HTTP/1.1 200 OK\r\n\r\n")  # nobody asked
    assert transport.aborting
    assert not dialler._idle
