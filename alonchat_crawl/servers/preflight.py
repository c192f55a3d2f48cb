"""Checks the servers of REDIS_URL and DATABASE_URL before anything starts.

If one cannot be used, the error says why in one sentence, without the URL's secrets.
"""

import logging
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from alonchat_crawl.errors import StartupError
from alonchat_crawl.servers.transport import POSTGRES_FAULTS as TLS_FAULTS
from alonchat_crawl.servers.transport import redis_fault, warn_of_postgres, warn_of_redis

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10
KEEPS_ALL = "noeviction"

# Parts of libpq's messages, and what to tell the operator. libpq's message itself is not shown: if the
# password has an unescaped `@`, it quotes the rest of the password as the host name.
_POSTGRES_FAULTS = {
    **TLS_FAULTS,
    "refused": "refuses the connection; start it there, or correct the host and port",
    "failed to resolve": "has a host name that cannot be resolved; correct it",
    "password authentication failed": "rejects the user or password; correct them",
    "no password supplied": "asks for a password; add it to the URL",
    "role": "does not know the user; correct it",
    "database": "does not have the database; create it, or correct its name",
    "timeout": f"does not answer within {TIMEOUT_SECONDS} s; check the host, port and firewall",
    "timed out": f"does not answer within {TIMEOUT_SECONDS} s; check the host, port and firewall",
    "pg_hba": "does not allow this user from this machine; allow it in its pg_hba.conf",
    "SSL": "cannot agree on TLS; check `sslmode` in the URL",
    "too many": "has no connection left; raise its limit, or use a pooler",
    "No such file": "has no socket there; correct the path",
}


def check_redis(url: str) -> bool:
    """Check the server at REDIS_URL; return whether it is a cluster. Raises StartupError.

    Warns if the server may lose URLs because it evicts keys or keeps no append-only file.
    """
    where = f"REDIS_URL cannot be used: the server at {_place(url, 6379)}"
    try:
        with redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            server: Any = client.info()
            warn_of_redis(client)
    except redis.AuthenticationError:
        raise StartupError(f"{where} wants another user or password; write them into the URL.") from None
    except redis.TimeoutError:
        check = "check that it speaks TLS" if url.startswith("rediss:") else "check it"
        raise StartupError(f"{where} does not answer within {TIMEOUT_SECONDS} s; {check}.") from None
    except (redis.ConnectionError, OSError) as error:
        fault = redis_fault(error) if url.startswith("rediss:") else ""
        fault = fault or "cannot be reached; start it there, or correct the URL"
        raise StartupError(f"{where} {fault}.") from None
    except (redis.RedisError, ValueError):
        raise StartupError(f"{where} cannot be used; correct the URL.") from None
    if server.get("maxmemory_policy", KEEPS_ALL) != KEEPS_ALL:
        logger.warning(
            "The Redis server evicts keys when it is full (maxmemory-policy %s), and with them URLs: "
            "set it to noeviction.",
            server["maxmemory_policy"],
        )
    if not server.get("aof_enabled", 1):
        logger.warning("The Redis server has no append-only file: a restart of it loses URLs. Turn AOF on.")
    return bool(server.get("cluster_enabled", 0))


def check_postgres(url: str) -> None:
    """Check the server at DATABASE_URL and that it has our tables. Raises StartupError."""
    where = f"DATABASE_URL cannot be used: the server at {_place(url, 5432)}"
    try:
        with psycopg.connect(url, connect_timeout=TIMEOUT_SECONDS, prepare_threshold=None) as connection:
            warn_of_postgres(connection)
            found = connection.execute("select to_regclass('public.chunk_embeddings')").fetchone()
    except psycopg.ProgrammingError:
        raise StartupError("DATABASE_URL cannot be used: it is not a valid postgresql:// URL.") from None
    except psycopg.Error as error:
        meanings = (meaning for words, meaning in _POSTGRES_FAULTS.items() if words in str(error))
        raise StartupError(f"{where} {next(meanings, 'cannot be reached; check it')}.") from None
    if found == (None,):
        raise StartupError(f"{where} has no tables of ours in this database; run `scrapy migrate`.")


def _place(url: str, default_port: int) -> str:
    """Return the part of a URL that may be shown: `host:port` or a socket's path."""
    try:
        parts = urlsplit(url)
        port = parts.port or default_port
    except ValueError:
        return "that address"
    if "@" in url.removeprefix(f"{parts.scheme}://{parts.netloc}"):
        return "that address"  # the password has a `/`, `?` or `#`: what looks like a host is part of it
    if parts.hostname:
        return f"{parts.hostname}:{port}"
    return parts.path if parts.scheme == "unix" else "that address"
