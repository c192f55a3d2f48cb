"""Metrics: their values, their bounds, and the ports that they may be served on."""
# Twisted's Failure is untyped.
# mypy: disable-error-code="no-untyped-call"

import asyncio
from uuid import uuid4

import psycopg
import pytest
import redis
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from scrapy.settings import Settings
from scrapy.statscollectors import MemoryStatsCollector
from scrapy.utils.test import get_crawler

from alonchat_crawl import settings as module
from alonchat_crawl.errors import Retry, StartupError
from alonchat_crawl.operations.metrics.download_errors import DownloadErrors
from alonchat_crawl.operations.metrics.health import Readiness
from alonchat_crawl.operations.metrics.instruments import OTHER, BoundedLabel, Instruments, Word
from alonchat_crawl.operations.metrics.server import ports_of
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending


def samples(instruments: Instruments) -> dict[tuple[str, ...], float]:
    """Parse the exposition into values by name and labels."""
    text = generate_latest(instruments.registry).decode()
    return {
        (one.name, *(one.labels[name] for name in sorted(one.labels))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


@pytest.mark.parametrize(
    ("value", "ports"),
    [
        ("9410", range(9410, 9411)),
        ("0", range(1)),
        (" 9410 - 9412 ", range(9410, 9413)),
        ("65535", range(65_535, 65_536)),
        ("80-80", range(80, 81)),
    ],
)
def test_ports(value: str, ports: range) -> None:
    """A port, a range, or 0 for any free one."""
    assert ports_of(value) == ports


@pytest.mark.parametrize(
    "value",
    [
        "70000",
        "9500-9410",
        "",
        "x",
        "-1",
        "9410-",
        "0-10",
        "1-2-3",
        "9410,9411",
        "９４１０",
        "9410-70000",
        "1e3",
    ],
)
def test_nonsense_ports_are_refused_with_a_sentence(value: str) -> None:
    """Anything else stops the start-up, and the sentence says what may stand there."""
    with pytest.raises(StartupError, match=r"^METRICS_PORT=.* cannot be used: .* such as 9410-9509\.$"):
        ports_of(value)


def test_labels_are_bounded() -> None:
    """The first values keep their names; later ones and free text become `other`."""
    label = BoundedLabel(2)
    assert [label.of(value) for value in "abcab"] == ["a", "b", OTHER, "a", "b"]
    word = Word()
    hostile = ["http://evil.com/?q=1", "x" * 65, "é", "a\nb", "{}", '"', "1st"]
    assert {word.of(value) for value in hostile} == {OTHER}
    assert [word.of(value) for value in ("", "http 404", "robots", "timeout")] == [
        "",
        "http 404",
        "robots",
        "timeout",
    ]
    assert len({word.of(f"reason {number}") for number in range(1000)}) <= 100


def test_projects_are_bounded() -> None:
    """A thousand tenants give no more series than the setting says, and no token is lost."""
    instruments = Instruments(max_projects=200)
    for _ in range(1000):
        instruments.tokens_embedded(uuid4(), 10)
    values = {
        key: value
        for key, value in samples(instruments).items()
        if key[0] == "alonchat_tokens_embedded_total"
    }
    assert len(values) == 201
    assert values["alonchat_tokens_embedded_total", OTHER] == 8000
    assert sum(values.values()) == 10_000


def test_errors_are_told_apart_by_their_root() -> None:
    """An error of Redis or Postgres is theirs, however it was wrapped; a ring of causes ends."""
    instruments = Instruments(1)
    wrapped = Retry(Reason.POSTGRES)
    wrapped.__cause__ = psycopg.OperationalError("x")
    ring = ValueError("a")
    ring.__cause__ = ring
    for where, error in (
        ("pipeline", wrapped),
        ("other", redis.ConnectionError("x")),
        ("spider", ring),
        ("other", None),
    ):
        instruments.failed(where, error)
    values = samples(instruments)
    assert values["alonchat_errors_total", "Retry", "postgres"] == 1
    assert values["alonchat_errors_total", "ConnectionError", "redis"] == 1
    assert values["alonchat_errors_total", "ValueError", "spider"] == 1


def test_registries_do_not_share() -> None:
    """Two crawlers in one process count apart."""
    first, second = Instruments(1), Instruments(1)
    first.page_ended(Ending(Outcome.STORED))
    first.stage_took("chunk", -1.0)
    assert samples(first)["alonchat_pages_total", "stored", ""] == 1
    assert samples(first)["alonchat_stage_seconds_sum", "chunk"] == 0
    assert ("alonchat_pages_total", "stored", "") not in samples(second)
    assert ("process_resident_memory_bytes",) in samples(second)


def test_download_errors_are_read_from_scrapys_statistics() -> None:
    """Exceptions count by class; a policy's refusal is none."""
    stats = MemoryStatsCollector(get_crawler())
    prefix = "downloader/exception_type_count/"
    stats.set_value(f"{prefix}twisted.internet.error.TimeoutError", 2)
    stats.set_value(f"{prefix}builtins.TimeoutError", 1)
    stats.set_value(f"{prefix}alonchat_crawl.errors.Refused", 9)
    instruments = Instruments(1)
    instruments.registry.register(DownloadErrors(stats))
    values = {key: value for key, value in samples(instruments).items() if "download_errors" in key[0]}
    assert values == {("alonchat_download_errors_total", "TimeoutError"): 3}


async def test_readiness_is_bounded_cached_and_shared() -> None:
    """A part that hangs or raises is missing, is asked once for many askers, and hides its words."""
    asked = 0

    async def hangs() -> str:
        nonlocal asked
        asked += 1
        await asyncio.sleep(3600)
        return ""

    async def raises() -> str:
        raise OSError("password hunter2")

    async def well() -> str:
        return ""

    checks = {"redis": hangs, "postgres": raises, "model": well}
    readiness = Readiness(checks, timeout_seconds=0.05, cache_seconds=3600)
    gone = asyncio.ensure_future(readiness.missing())
    await asyncio.sleep(0)
    gone.cancel()
    answers = await asyncio.gather(readiness.missing(), readiness.missing())
    expected = {"redis": "does not answer within 0.05 s", "postgres": "does not answer (OSError)"}
    assert [*answers, await readiness.missing()] == [expected] * 3
    assert asked == 1
    readiness.cache_seconds = 0
    await readiness.missing()
    assert asked == 2


def test_every_setting_that_is_read_is_declared() -> None:
    """Scrapy's getint gives 0 for a name that does not exist."""
    declared = Settings()
    declared.setmodule(module)
    names = ["METRICS_HOST", "METRICS_PORT", "METRICS_MAX_PROJECTS", "READY_TIMEOUT_SECONDS", "LOG_LEVEL"]
    names += ["READY_CACHE_SECONDS", "PROGRESS_REFRESH_SECONDS", "PROGRESS_LOG_SECONDS", "LOG_TEXT_MAX_CHARS"]
    assert [name for name in names if not declared[name]] == []
