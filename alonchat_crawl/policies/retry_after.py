"""When a site may be asked again, by its Retry-After header (RFC 9110, section 10.2.3)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from scrapy.http import Response

MAX_WAIT_SECONDS = 3600.0


def retry_after_seconds(value: str, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, as a number or a date; None if it is neither."""
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
    """The seconds that a response's Retry-After asks for; None if it has none."""
    header = response.headers.get("Retry-After")
    return retry_after_seconds(header.decode("latin-1"), datetime.now(UTC)) if header else None
