"""When a site may be asked again: its Retry-After, and the backoff where it says nothing."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from scrapy.http import Response

BACK_OFF_STATUSES = frozenset({429, 503})
MAX_WAIT_SECONDS = 3600.0


def retry_after_seconds(value: str, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for; None for one that says nothing.

    A number of seconds or a date: RFC 9110, section 10.2.3.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(MAX_WAIT_SECONDS, float(value[:9]))
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(MAX_WAIT_SECONDS, max(0.0, (at - now).total_seconds()))


def response_wait_seconds(response: Response) -> float | None:
    """What a response's Retry-After asks for; None where it has none."""
    header = response.headers.get("Retry-After")
    return retry_after_seconds(header.decode("latin-1"), datetime.now(UTC)) if header else None


def domain_wait_seconds(response: Response, attempt: int, pace_seconds: float) -> float:
    """How long the whole domain waits after a response: 0 but for 429 and 503.

    At least its Retry-After, and twice the pace for each attempt made, up to an hour.
    """
    if response.status not in BACK_OFF_STATUSES:
        return 0.0
    asked = response_wait_seconds(response) or 0.0
    return min(MAX_WAIT_SECONDS, max(asked, max(pace_seconds, 1.0) * 2.0**attempt))
