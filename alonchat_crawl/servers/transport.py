"""TLS to Redis and Postgres: explains failures, and warns if TLS is missing or verifies nothing.

redis-py verifies certificates (`rediss://`, unless the URL says otherwise), and so does libpq (`sslmode`).
"""

import logging
import socket
import ssl
from collections.abc import Iterator
from functools import cache
from typing import Final

import psycopg
import redis

from alonchat_crawl.fetch.public_addresses import is_public

logger = logging.getLogger(__name__)

REDIS_CA: Final = "name its CA's file by `ssl_ca_certs=/path` in the URL"
# Keys are parts of libpq's messages: https://www.postgresql.org/docs/current/libpq-ssl.html
POSTGRES_FAULTS: Final = {
    "certificate verify failed": "shows a certificate of no CA that is known; name its CA's file by "
    "`sslrootcert=/path` in the URL",
    "does not match host name": "shows a certificate for another host; correct the host",
    "root certificate": "cannot be verified: name its CA's file by `sslrootcert=/path` in the URL",
    "does not support SSL": "speaks no TLS, which `sslmode` asks for; turn it on there",
    "sslmode": "cannot be asked: `sslmode` and `sslrootcert` in the URL contradict each other",
}
ENCRYPTED: Final = frozenset({"require", "verify-ca", "verify-full"})
"""libpq's modes that insist on TLS. In the others, the server or somebody in between may turn it off."""
HOST_NAME_MISMATCH: Final = {62, 64}  # X509_V_ERR_…, of OpenSSL's x509_vfy.h
EXPIRED: Final = 10


def redis_fault(error: BaseException) -> str:
    """Return why TLS with the Redis server failed, as the end of a sentence; empty if it did not."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError(verify_code=code) if code in HOST_NAME_MISMATCH:
                return "shows a certificate for another host; correct the host"
            case ssl.SSLCertVerificationError(verify_code=code) if code == EXPIRED:
                return "shows a certificate that has expired; renew it there"
            case ssl.SSLCertVerificationError():
                return f"shows a certificate of no CA that is known; {REDIS_CA}"
            case ssl.SSLError():
                return "speaks no TLS that we accept, or wants a certificate of ours; correct it there"
            case FileNotFoundError() | PermissionError():
                return "cannot be asked: a file that the URL names cannot be read; correct its path"
    return ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def warn_of_redis(client: redis.Redis) -> None:
    """Warn once if traffic to REDIS_URL over the internet can be read or changed."""
    pool = client.connection_pool
    host = str(pool.connection_kwargs.get("host") or "")
    if not issubclass(pool.connection_class, redis.SSLConnection):
        if _leads_over_the_internet(host):
            _warn("REDIS_URL leads over the internet without TLS: use rediss://.")
        return
    verified = pool.connection_kwargs.get("ssl_cert_reqs", "required") == "required"
    if not verified or not pool.connection_kwargs.get("ssl_check_hostname", True):
        _warn(f"REDIS_URL does not verify the server's certificate: remove that from it, and {REDIS_CA}.")


def warn_of_postgres(connection: psycopg.Connection) -> None:
    """Warn once if traffic to DATABASE_URL over the internet may be unencrypted."""
    used = {option.keyword: option.val for option in connection.pgconn.info}
    mode = (used.get(b"sslmode") or b"prefer").decode()
    if mode not in ENCRYPTED and _leads_over_the_internet(connection.info.hostaddr):
        _warn(
            f"DATABASE_URL leads over the internet with sslmode={mode}, so that TLS can be left out: "
            "use sslmode=verify-full."
        )


def _leads_over_the_internet(host: str) -> bool:
    """Whether a host has a public address. A socket's path and an empty host have none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM) if host else []
    except OSError:
        return False
    return any(is_public(str(address[0])) for *_, address in found)


@cache
def _warn(sentence: str) -> None:
    """Log a warning once per process, however often the servers are checked."""
    logger.warning("%s", sentence)
