"""When a request left, as real sites saw it; each crawl is a process of its own."""

import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)

from alonchat_crawl.fetch.request_context import RequestContext, context_of
from tests.sites.server import Answer, Site
from tests.support.network import LOOPBACK, network_settings

HANDSHAKE_SECONDS = 0.5
FAILURES = (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)


class Asking(Spider):
    """Asks for one URL after the other; their metas are in `metas`, without what is not plain."""

    name = "asking"
    urls: tuple[str, ...] = ()
    metas: list[dict[str, Any]]

    async def start(self) -> AsyncIterator[Any]:
        """Download them all here."""
        self.metas = []
        engine = self.crawler.engine
        assert engine is not None
        for url in self.urls:
            # As one that was copied from another has it.
            request = Request(url, meta=RequestContext(sent_at=-1.0).as_meta())
            try:
                response = await engine.download_async(request)
                request = response.request or request
            except FAILURES as error:
                request.meta["error"] = type(error).__name__
            noted = {key: request.meta.get(key) for key in ("download_latency", "error")}
            self.metas.append({**noted, "sent_at": context_of(request).sent_at})
        return
        yield


def crawl(urls: tuple[str, ...], timeout_seconds: float) -> list[dict[str, Any]]:
    """What the handler noted of each URL; runs in a process without a reactor."""
    process = AsyncCrawlerProcess(
        network_settings(
            SSRF_ALLOWED_NETWORKS=LOOPBACK,
            DOWNLOAD_VERIFY_CERTIFICATES=False,
            DOWNLOAD_TIMEOUT=timeout_seconds,
        )
    )
    crawler = process.create_crawler(Asking)
    process.crawl(crawler, urls=urls)
    process.start()
    assert isinstance(crawler.spider, Asking)
    return crawler.spider.metas


Crawl = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def asked() -> Iterator[Crawl]:
    """`crawl` in a process of its own, whose monotonic clock is ours."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:

        def run(*urls: str, timeout_seconds: float = 30.0) -> list[dict[str, Any]]:
            return executor.submit(crawl, urls, timeout_seconds).result(60)

        yield run


class SlowSocket(ssl.SSLSocket):
    """Takes its time before it shakes hands."""

    shaken: list[float]
    """Monotonic seconds at which it began to."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - the base's signature
        """Wait, then shake hands."""
        sleep(HANDSHAKE_SECONDS)
        self.shaken.append(monotonic())
        super().do_handshake(block)


def over_tls(site: Site, folder: Path) -> str:
    """Put a site behind slow TLS with a certificate of its own; its new origin."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "site.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    context.sslsocket_class = SlowSocket
    site._server.socket = context.wrap_socket(site._server.socket, server_side=True)
    return f"https://{site.host}"


def test_a_request_waits_for_the_handshake(asked: Crawl, tmp_path: Path) -> None:
    """Over TLS a request has left once the handshake is done; a kept-alive connection needs none."""
    SlowSocket.shaken = []
    with Site({"/1": Answer(b"one"), "/2": Answer(b"two")}).serving() as site:
        url = over_tls(site, tmp_path)
        first, second = asked(f"{url}/1", f"{url}/2")
    (shaken,), ((asked_first, _), (asked_second, _)) = SlowSocket.shaken, site.asked
    assert shaken < first["sent_at"] < asked_first < second["sent_at"] < asked_second
    assert 0 < first["download_latency"] < HANDSHAKE_SECONDS
    assert second["download_latency"] > 0


def test_a_request_given_up_during_the_handshake(asked: Crawl, tmp_path: Path) -> None:
    """One that never left has the moment at which TCP was up, and leaves nothing behind."""
    SlowSocket.shaken = []
    with Site({}).serving() as site:
        (meta,) = asked(f"{over_tls(site, tmp_path)}/1", timeout_seconds=HANDSHAKE_SECONDS / 2)
    assert meta["error"] == "DownloadTimeoutError"
    assert 0 < meta["sent_at"] < SlowSocket.shaken[0]
    assert site.asked == []


def test_a_stale_connection(asked: Crawl) -> None:
    """Where a site drops a kept-alive connection, nobody asks again at once: that would be too early."""

    def dropped_once(before: int) -> Answer:
        if before == 0:
            raise ConnectionAbortedError
        return Answer(b"two")

    with Site({"/1": Answer(b"one"), "/2": dropped_once}).serving() as site:
        _, meta = asked(f"{site.url}/1", f"{site.url}/2")
    assert site.paths == ["/1", "/2"]
    assert meta["sent_at"] < site.asked[1][0]


def test_spellings(asked: Crawl) -> None:
    """However its URL is written, a request's note finds it."""
    paths = ("", "/", "/?", "/?q=a b&q=ü", "/#part", "/a;b?c", "//a//?x=http://b.org/")
    left = 0.0
    with Site({}).serving() as site:
        metas = asked(*(site.url + path for path in paths))
    for meta, (arrived, _) in zip(metas, site.asked, strict=True):
        assert left < meta["sent_at"] < arrived
        left = arrived


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_an_ipv6_literal(asked: Crawl) -> None:
    """An address in brackets is a host like any other."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
        (meta,) = asked(f"http://[::1]:{port}/", timeout_seconds=1.0)
    assert meta["error"] == "DownloadTimeoutError"
    assert meta["sent_at"] > 0


def test_a_redirect(asked: Crawl) -> None:
    """A redirect's target has a time of its own."""
    with Site({"/1": Answer(b"", status=302, headers={"Location": "/2"})}).serving() as site:
        (meta,) = asked(f"{site.url}/1")
    (asked_first, _), (asked_second, _) = site.asked
    assert asked_first < meta["sent_at"] < asked_second


def test_no_connection(asked: Crawl) -> None:
    """A request that was refused a connection, or found no host, never left."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    metas = asked(f"http://127.0.0.1:{port}/", f"https://127.0.0.1:{port}/", "http://nowhere.invalid/")
    assert [meta["sent_at"] for meta in metas] == [None, None, None]
    assert all(meta["error"] for meta in metas)
