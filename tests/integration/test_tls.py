"""TLS to our own servers: what is verified, and the sentences where it cannot be."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import redis
import trustme
from scrapy.settings import BaseSettings

from alonchat_crawl.errors import StartupError
from alonchat_crawl.servers import transport
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.servers.preflight import check_postgres, check_redis
from alonchat_crawl.servers.transport import POSTGRES_FAULTS, warn_of_postgres, warn_of_redis
from tests.support.tls_front import Front, front


@dataclass
class Certified:
    """A CA's file, and a server's contexts: one of its certificates for localhost, and others."""

    ca: Path
    good: ssl.SSLContext
    elsewhere: ssl.SSLContext
    strange: ssl.SSLContext


def context(authority: trustme.CA, host: str) -> ssl.SSLContext:
    """A server's, with a certificate for the host."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(made)
    return made


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    """Two CAs, of which the client is told one."""
    authority, stranger = trustme.CA(), trustme.CA()
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return Certified(
        path,
        context(authority, "localhost"),
        context(authority, "other.example"),
        context(stranger, "localhost"),
    )


@pytest.fixture(autouse=True)
def nothing_said() -> Iterator[None]:
    """Warnings are given once a process: let each test have its own."""
    transport._warn.cache_clear()
    yield
    transport._warn.cache_clear()


def valkey(redis_url: str) -> tuple[Path, str]:
    """The session's Valkey: its socket, and the number of the test's database."""
    parts = urlsplit(redis_url)
    return Path(parts.path), parse_qs(parts.query)["db"][0]


def secure_redis(served: Front, number: str, certified: Certified, more: str = "") -> str:
    """A rediss:// URL of what is served."""
    return f"rediss://localhost:{served.port}/{number}?ssl_ca_certs={certified.ca}{more}"


async def test_redis_by_tls(redis_url: str, certified: Certified, caplog: pytest.LogCaptureFixture) -> None:
    """With the CA named in the URL all that we open speaks TLS, and nothing is warned of."""
    socket, number = valkey(redis_url)
    with front(socket, certified.good) as served:
        url = secure_redis(served, number, certified)
        assert check_redis(url) is False
        mine = Connections(BaseSettings({"REDIS_URL": url}))
        await mine.redis.set("key", "value")
        await mine.close()
        assert served.encrypted >= 3
    with redis.Redis.from_url(redis_url) as client:
        assert client.get("key") == b"value"
    assert "REDIS_URL" not in caplog.text


REFUSED = [
    ("strange", "", "a certificate of no CA that is known"),
    ("elsewhere", "", "a certificate for another host"),
    ("good", "no CA", "a certificate of no CA that is known"),
    ("good", "no file", "a file that the URL names cannot be read"),
]


@pytest.mark.parametrize(("server", "wrong", "words"), REFUSED)
def test_redis_is_refused(redis_url: str, certified: Certified, server: str, wrong: str, words: str) -> None:
    """Whom the CA does not vouch for is not spoken to: one sentence, without a secret."""
    socket, number = valkey(redis_url)
    with front(socket, getattr(certified, server)) as served:
        url = secure_redis(served, number, certified).replace("//", "//:s3cret@")
        url = url.partition("?")[0] if wrong == "no CA" else url
        url = url.replace("ca.pem", "s3cret.pem") if wrong == "no file" else url
        with pytest.raises(StartupError) as caught:
            check_redis(url)
    sentence = str(caught.value)
    assert words in sentence
    assert sentence.startswith(f"REDIS_URL cannot be used: the server at localhost:{served.port} ")
    assert "s3cret" not in sentence
    assert caught.value.__suppress_context__


def test_redis_without_tls(redis_url: str, certified: Certified, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain server takes a TLS hello for half a command: that ends with a sentence, not in plain text."""
    monkeypatch.setattr("alonchat_crawl.servers.preflight.TIMEOUT_SECONDS", 0.2)
    socket, number = valkey(redis_url)
    with front(socket, None) as served, pytest.raises(StartupError, match=r"does not answer .* speaks TLS"):
        check_redis(secure_redis(served, number, certified))


@pytest.fixture
def postgres(database_url: str) -> tuple[Path, str]:
    """The session's Postgres: its socket, and the test's database."""
    parts = urlsplit(database_url)
    return Path(parse_qs(parts.query)["host"][0], ".s.PGSQL.5432"), parts.path[1:]


async def test_postgres_by_tls(
    postgres: tuple[Path, str], certified: Certified, caplog: pytest.LogCaptureFixture
) -> None:
    """sslmode=verify-full with the CA named in the URL: the check and the pool speak TLS."""
    socket, name = postgres
    with front(socket, certified.good, postgres=True) as served:
        given = f"sslmode=verify-full&sslrootcert={certified.ca}"
        url = f"postgresql://postgres@localhost:{served.port}/{name}?{given}"
        check_postgres(url)
        mine = Connections(BaseSettings({"DATABASE_URL": url, "POSTGRES_POOL_MAX": 1}))
        async with (await mine.postgres()).connection() as connection:
            assert connection.pgconn.ssl_in_use
        await mine.close()
        assert served.encrypted >= 3
    assert "DATABASE_URL" not in caplog.text


@pytest.mark.parametrize(
    ("server", "mode", "ca", "words"),
    [
        ("strange", "verify-full", "known", "a certificate of no CA that is known"),
        ("elsewhere", "verify-full", "known", "a certificate for another host"),
        ("strange", "verify-ca", "known", "a certificate of no CA that is known"),
        ("good", "verify-full", "", "cannot be verified: name its CA's file"),
        ("plain", "verify-full", "known", "speaks no TLS"),
        ("plain", "require", "", "speaks no TLS"),
    ],
)
def test_postgres_is_refused(
    postgres: tuple[Path, str], certified: Certified, server: str, mode: str, ca: str, words: str
) -> None:
    """Whom the CA does not vouch for, or who speaks plain text, gets no password: one sentence."""
    socket, name = postgres
    context = None if server == "plain" else getattr(certified, server)
    with front(socket, context, postgres=True) as served:
        url = f"postgresql://postgres:s3cret@localhost:{served.port}/{name}?sslmode={mode}"
        with pytest.raises(StartupError) as caught:
            check_postgres(url + (f"&sslrootcert={certified.ca}" if ca else ""))
    sentence = str(caught.value)
    assert words in sentence
    assert sentence.startswith(f"DATABASE_URL cannot be used: the server at localhost:{served.port} ")
    assert "s3cret" not in sentence


def test_every_fault_of_libpq_is_told() -> None:
    """Each sentence says what to do."""
    assert all(meaning.partition("; ")[2] or ": " in meaning for meaning in POSTGRES_FAULTS.values())


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("redis://203.0.113.9/0", False),  # kept for documentation: nobody's
        ("redis://8.8.8.8/0", True),
        ("redis://[2606:4700::1111]:6380", True),
        ("redis://10.0.0.5:6379", False),
        ("redis://[::1]", False),
        ("redis://localhost", False),
        ("unix:///run/redis.sock", False),
        ("rediss://8.8.8.8/0", False),
        ("rediss://8.8.8.8/0?ssl_cert_reqs=none", True),
        ("rediss://10.0.0.5/0?ssl_cert_reqs=none", True),
        ("rediss://8.8.8.8/0?ssl_check_hostname=false", True),
    ],
)
def test_plain_redis_is_warned_of(url: str, warned: bool, caplog: pytest.LogCaptureFixture) -> None:  # noqa: FBT001
    """Over the internet without TLS, or with TLS that verifies nothing: said once, without the password."""
    with redis.Redis.from_url(url, password="s3cret") as client:  # noqa: S106 - planted
        warn_of_redis(client)
        warn_of_redis(client)
    assert len(caplog.records) == warned
    assert "s3cret" not in caplog.text


class Info:
    """What psycopg tells of where it is connected."""

    def __init__(self, hostaddr: str) -> None:
        self.hostaddr = hostaddr


@pytest.mark.parametrize(
    ("mode", "address", "warned"),
    [
        ("", "8.8.8.8", True),
        ("prefer", "8.8.8.8", True),
        ("disable", "2606:4700::1111", True),
        ("allow", "8.8.8.8", True),
        ("require", "8.8.8.8", False),
        ("verify-full", "8.8.8.8", False),
        ("disable", "10.0.0.5", False),
        ("disable", "", False),
    ],
)
def test_plain_postgres_is_warned_of(
    database_url: str,
    mode: str,
    address: str,
    warned: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A real connection with the mode, as if to that address: said once where TLS can be left out."""
    with psycopg.connect(f"{database_url}&sslmode={mode}" if mode else database_url) as connection:
        monkeypatch.setattr(psycopg.Connection, "info", Info(address))
        warn_of_postgres(connection)
        warn_of_postgres(connection)
        monkeypatch.undo()
    assert len(caplog.records) == warned
