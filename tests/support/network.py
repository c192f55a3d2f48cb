"""What decides about the network: settings for crawls without a frontier, and domains by their address."""

from ipaddress import ip_network
from typing import Any

from redis.asyncio import Redis
from scrapy.settings import Settings

from alonchat_crawl import settings
from alonchat_crawl.fetch.resolver import Resolver
from alonchat_crawl.frontier.domains import Domains
from alonchat_crawl.servers.damaged_keys import OnDamagedKey, ignore_damaged_key

NAMES = (
    "ALLOWED_PORTS",
    "CONNECTION_IDLE_SECONDS",
    "CONNECT_TIMEOUT_SECONDS",
    "DNS_KEPT_SECONDS",
    "DNS_TIMEOUT",
    "DOWNLOAD_HANDLERS",
    "DOWNLOAD_MAXSIZE",
    "DOWNLOAD_TIMEOUT",
    "DOWNLOAD_TLS_MIN_VERSION",
    "DOWNLOAD_VERIFY_CERTIFICATES",
    "FIRST_BYTE_TIMEOUT_SECONDS",
    "HEADERS_MAX_BYTES",
    "HEADERS_MAX_COUNT",
    "S3_ENDPOINT_URL",
    "SSRF_ALLOWED_NETWORKS",
    "SUPABASE_URL",
    "TELNETCONSOLE_ENABLED",
    "TWISTED_DNS_RESOLVER",
)
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


def network_settings(**changes: Any) -> dict[str, Any]:
    """As they are in production, but for `changes`, silent, and with no retries."""
    taken = {name: getattr(settings, name) for name in NAMES}
    return {**taken, "RETRY_ENABLED": False, "LOG_ENABLED": False, **changes}


def domains_by_address(redis: Redis, on_damaged_key: OnDamagedKey = ignore_damaged_key) -> Domains:
    """Domains as THROTTLE_BY_ADDRESS has them: those at one address are one."""
    names = Resolver.from_settings(Settings(network_settings(CONCURRENT_REQUESTS=2, DNSCACHE_SIZE=9)))
    return Domains(redis, names, on_damaged_key)
