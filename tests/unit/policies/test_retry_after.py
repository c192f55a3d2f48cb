"""When a site may be asked again."""

from datetime import UTC, datetime

import pytest

from alonchat_crawl.policies.retry_after import retry_after_seconds

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
