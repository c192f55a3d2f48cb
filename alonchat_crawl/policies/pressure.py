"""Decides by a response whether a site is too busy, so that all workers back off."""

from scrapy.http import Response

BACK_OFF_STATUSES = frozenset({429, 503})


def pressure_of(response: Response | None, *, robots: bool) -> int:
    """What a response says about its whole site: 1 it answers, -1 it is too busy, 0 neither.

    A server error for robots.txt counts as too busy, since no page may be fetched without that file.
    """
    if response is None:
        return 0
    if response.status in BACK_OFF_STATUSES or (robots and response.status >= 500):  # noqa: PLR2004
        return -1
    return 1 if response.status < 500 else 0  # noqa: PLR2004
