"""Real servers for the tests: one Valkey and one Postgres a session, a clean corner of them a test."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
import redis
from psycopg import sql

# Before any settings are read: tests never reach an operator's servers or data.
for name in ("REDIS_URL", "DATABASE_URL", "ALONCHAT_DATA_DIR", "SENTRY_DSN", "VIRUS_SCAN", "CLAMD_ADDRESS"):
    os.environ.pop(name, None)
# Built once, not once a test; what is built is named by its versions.
CHECKOUT_DATA = Path(__file__).parents[1] / ".alonchat"
os.environ["EMBEDDING_MODELS_DIR"] = str(CHECKOUT_DATA / "models")

from alonchat_crawl.servers import embedded  # noqa: E402 - see above
from tests.support.clamd import OwnClamd, own_clamd  # noqa: E402 - see above

STAGES = [Path(__file__).parent / name for name in ("unit", "integration", "acceptance")]
_numbers = count(1)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run unit tests first and acceptance tests last, and the slow ones of a folder after its others."""

    def first(item: pytest.Item) -> list[bool]:
        stages = [stage in item.path.parents for stage in STAGES]
        return [*stages, item.get_closest_marker("slow") is None]

    items.sort(key=first, reverse=True)


def servers_of(data_dir: Path) -> set[str]:
    """All that servers keep in a data folder, and their marks of running there; models are no server's."""
    found = [*data_dir.glob("*"), *data_dir.glob("*/*.pid"), *data_dir.glob("sockets/*")]
    return {str(path.relative_to(data_dir)) for path in found} - {"models"}


@pytest.fixture(scope="session", autouse=True)
def clean_checkout() -> Iterator[None]:
    """No test leaves data or a running server in the checkout, whose own may be there."""
    before = servers_of(CHECKOUT_DATA)
    yield
    assert servers_of(CHECKOUT_DATA) - before == set()


@pytest.fixture(scope="session")
def servers_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder for the session's servers, which are stopped at its end."""
    folder = tmp_path_factory.mktemp("servers")
    yield folder
    embedded.stop(folder)


@pytest.fixture
def redis_url(servers_dir: Path) -> Iterator[str]:
    """The URL of an empty logical database."""
    url = f"{embedded.redis_url(servers_dir)}?db={next(_numbers) % 16}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()


@pytest.fixture(scope="session")
def template_database(servers_dir: Path) -> str:
    """The URL of a migrated database that nobody is connected to."""
    from alonchat_crawl.storage.migrate import migrate  # noqa: PLC0415 - only where it is needed

    url = embedded.database_url(servers_dir)
    migrate(url)
    return url


@pytest.fixture
def database_url(template_database: str) -> Iterator[str]:
    """The URL of a fresh, migrated database."""
    template, own = sql.Identifier("alonchat"), f"test_{next(_numbers)}"
    maintenance = template_database.replace("/alonchat?", "/postgres?")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        name = sql.Identifier(own)
        connection.execute(sql.SQL("create database {} template {}").format(name, template))
        yield template_database.replace("/alonchat?", f"/{own}?")
        connection.execute(sql.SQL("drop database {} with (force)").format(name))


@pytest.fixture
def stopped_clamd() -> Iterator[OwnClamd]:
    """A virus scanner that is still to be started."""
    with own_clamd() as server:
        yield server


@pytest.fixture
def clamd(stopped_clamd: OwnClamd) -> OwnClamd:
    """A virus scanner that knows EICAR."""
    stopped_clamd.start()
    return stopped_clamd
