"""When a site may be asked again: its Retry-After, and whether it is too busy."""

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


def pressure_of(response: Response | None, *, robots: bool) -> int:
    """What an answer says of its whole site: 1 it answers, -1 it is too busy, 0 nothing.

    A server error for robots.txt counts as being too busy: no page may be fetched before it is had.
    """
    if response is None:
        return 0
    if response.status in BACK_OFF_STATUSES or (robots and response.status >= 500):  # noqa: PLR2004
        return -1
    return 1 if response.status < 500 else 0  # noqa: PLR2004
