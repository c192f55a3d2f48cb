"""Which addresses and ports may be dialled. Checked before a request, and again before each connection."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError
from scrapy.settings import BaseSettings

from alonchat_crawl.errors import Refused
from alonchat_crawl.fetch.public_addresses import Network, is_allowed, is_public
from alonchat_crawl.fetch.request_context import context_of
from alonchat_crawl.per_crawler import PerCrawler
from alonchat_crawl.reasons import Reason
from alonchat_crawl.urls import DEFAULT_PORTS, Origin, origin_parts


def check_url(url: str) -> None:
    """Raise Refused unless a URL is http or https, with a host and without a password."""
    try:
        parts, (scheme, host, _) = urlsplit(url), origin_parts(url)
    except ValueError as error:
        raise Refused(Reason.URL, f"its URL cannot be read: {error}") from None
    if scheme not in DEFAULT_PORTS:
        raise Refused(Reason.SCHEME, f"{scheme}: is not http or https")
    if "@" in parts.netloc:
        raise Refused(Reason.CREDENTIALS, "its URL has a user name or password in it")
    if not host or not host.isascii():
        raise Refused(Reason.URL, "its URL has no host that can be asked")


class Guard(Protocol):
    """Judges an address that is about to be dialled."""

    def refusal(self, address: str, port: int | None) -> Refused | None:
        """Return why the address must not be dialled at this port (None: at any port); None if it may be."""


def _none_blocked(_: str) -> bool:
    return False


class AddressRules(PerCrawler):
    """A crawler's rules of what may be dialled. The blocklists set `blocked`, which says what must not be."""

    def __init__(
        self, allowed: Sequence[Network], ports: frozenset[int], storage: "Storage | None" = None
    ) -> None:
        self.allowed = tuple(allowed)
        self.ports = ports
        self.storage = storage
        self.blocked: Callable[[str], bool] = _none_blocked

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Read the settings. Without them, no private address and no port may be dialled."""
        endpoint = settings["S3_ENDPOINT_URL"] or settings["SUPABASE_URL"]  # Supabase: storage at its origin
        return cls(
            settings["SSRF_ALLOWED_NETWORKS"] or (),
            frozenset(settings["ALLOWED_PORTS"] or ()),
            Storage(origin_parts(endpoint)) if endpoint else None,
        )

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the crawler's settings."""
        return cls.from_settings(crawler.settings)

    def guard_of(self, request: Request) -> Guard:
        """The guard of a request's addresses: `storage` for a URL that we signed ourselves, else these rules.

        A redirected request never gets `storage`, even if it leads to a signed URL: a web site must not lead
        us to the storage's private address.
        """
        signed = context_of(request).signed_url == request.url and "redirect_times" not in request.meta
        if signed and self.storage is not None and origin_parts(request.url) == self.storage.origin:
            return self.storage
        return self

    def refusal(self, address: str, port: int | None) -> Refused | None:
        """Return why an address must not be dialled, or None. Ports do not matter in allowed networks."""
        if self.blocked(address):
            return Refused(Reason.BLOCKLIST, f"{address} is on a blocklist")
        if is_allowed(address, self.allowed):
            return None
        if not is_public(address):
            return Refused(
                Reason.ADDRESS,
                f"{address} is not public: to crawl your own network, name it in SSRF_ALLOWED_NETWORKS",
            )
        if port is not None and port not in self.ports:
            return Refused(Reason.PORT, f"port {port} is none of those in CRAWL_ALLOWED_PORTS")
        return None


@dataclass(frozen=True, slots=True)
class Storage:
    """The guard for the operator's own storage, which may be at a private address."""

    origin: Origin

    def refusal(self, address: str, port: int | None) -> Refused | None:
        """Allow any address, since the operator named the host, but only the storage's port."""
        if port in {None, self.origin[2]}:
            return None
        return Refused(Reason.PORT, f"{address} is asked at port {port}, which is not the storage's")


def dialable(host: str, addresses: Sequence[str], port: int, guard: Guard) -> tuple[str, ...]:
    """Return those of a host's addresses that may be dialled, at least one.

    Raises Refused for the first address if none may be dialled, CannotResolveHostError if the host has none.
    """
    refusals = {address: guard.refusal(address, port) for address in addresses}
    passed = tuple(address for address, refused in refusals.items() if refused is None)
    if passed:
        return passed
    for refused in refusals.values():
        if refused is not None:
            where = "" if host in addresses else f"{host} is at {', '.join(addresses)}: "
            raise Refused(refused.reason, f"{where}{refused.detail}")
    raise CannotResolveHostError(host)
