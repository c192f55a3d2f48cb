"""When a site may be asked again."""

from datetime import UTC, datetime

import pytest
from scrapy.http import Response

from alonchat_crawl.policies.retry_after import pressure_of, retry_after_seconds
from alonchat_crawl.worker.endings import backoff_seconds

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("99999999999999999999", 3600.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("²", None),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("Monday, 23-Nov-26 12:01:00 GMT", 60.0),
        ("Mon, 23 Nov 2099 12:00:00 GMT", 3600.0),
        ("Mon, 99 Nov 2026 12:00:00 GMT", None),
    ],
)
def test_retry_after(value: str, expected: float | None) -> None:
    """Seconds and dates are read, an hour is the most, nonsense says nothing."""
    assert retry_after_seconds(value, NOW) == expected


@pytest.mark.parametrize(
    ("status", "of_page", "of_robots"),
    [(200, 1, 1), (302, 1, 1), (404, 1, 1), (429, -1, -1), (500, 0, -1), (502, 0, -1), (503, -1, -1)],
)
def test_pressure(status: int, of_page: int, of_robots: int) -> None:
    """429 and 503 make the whole site back off, and for robots.txt any server error; an answer ends that."""
    response = Response("http://e.org/", status=status)
    assert pressure_of(response, robots=False) == of_page
    assert pressure_of(response, robots=True) == of_robots
    assert pressure_of(None, robots=False) == 0


@pytest.mark.parametrize("attempt", [1, 2, 3, 4])
def test_backoff(attempt: int) -> None:
    """A retry waits base × 2^(attempt-1), up to a quarter more, never beyond the most."""
    base = 2.0 * 2 ** (attempt - 1)
    assert all(base <= backoff_seconds(attempt, 2.0, 3600.0) <= base * 1.25 for _ in range(50))
    assert backoff_seconds(attempt, 2.0, 1.5) == 1.5
