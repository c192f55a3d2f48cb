"""Detects URLs that by themselves look like part of a crawler trap: pages generated without end."""

import re
from collections.abc import Callable
from datetime import date
from itertools import groupby
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from alonchat_crawl.reasons import Reason

PATH_SEGMENTS_MAX = 25  # Heritrix stops at 20; a source tree in a repository browser can be deeper
SAME_IN_A_ROW = 4  # /x/x/x/x; Heritrix stops at 3
GROUP_IN_A_ROW = 3  # /a/b/a/b/a/b
SAME_IN_ALL = 6  # /a/b/a/c/a/d/…
MANY_SEGMENTS = 8  # if at most half of them differ: /a/b/x/x/a/b/x/x
PARAMETERS_MAX = 30
SAME_PARAMETER_MAX = 2  # ?a=1&a=1 comes from a form that was sent again from its result page
ENCODINGS_MAX = 3  # ?back=%2525252F: each page's URL is in the next page's URL
HOST_LABELS_MAX = 10
SAME_LABEL_IN_A_ROW = 3  # www.www.www.example.com

YEARS_AHEAD = 2
YEARS_BACK = 30  # the web is not much older
CALENDAR = re.compile(
    r"cal(?:endar|endrier|endario)?|kalender|agenda|events?|termine?|schedule|months?|weeks?|days?|dates?|ical",
    re.IGNORECASE,
)
"""The URL of a calendar has one of these words; the URL of an archive of 1945 has none."""
WORD = re.compile(r"[A-Za-z]+")
YEAR = r"(?P<year>[12]\d{3})"
DAY_OF_MONTH = r"(?:0[1-9]|[12]\d|3[01])"
MONTH = r"(?:0[1-9]|1[0-2])"
IN_PATH = re.compile(rf"/{YEAR}(?:/{MONTH}/{DAY_OF_MONTH}|-{MONTH}(?:-{DAY_OF_MONTH})?)(?=[/.]|$)")
MONTH_IN_PATH = re.compile(rf"/{YEAR}/{MONTH}(?=[/.]|$)")
IN_VALUE = re.compile(rf"{YEAR}-?{MONTH}(?:-?{DAY_OF_MONTH})?(?:T.*)?")
YEAR_NAMES = frozenset({"year", "y", "yr", "jahr", "annee", "ano", "cal_year"})
MONTH_NAMES = frozenset({"month", "m", "mon", "monat", "mois", "mes", "cal_month", "day", "d", "week", "w"})


class UrlParts(NamedTuple):
    """A canonical URL, split once for all tests."""

    url: str
    host: str
    path: str
    segments: list[str]
    parameters: list[tuple[str, str]]
    """(name, value) pairs of the query."""


def trap(url: str, today: date) -> Reason:
    """Why a canonical URL looks like part of a trap; NONE if it does not."""
    split = urlsplit(url)
    segments = [segment for segment in split.path.split("/") if segment]
    parts = UrlParts(url, split.hostname or "", split.path, segments, parse_qsl(split.query))
    return next((reason for reason, looks_like in TRAPS if looks_like(parts, today)), Reason.NONE)


def _too_many_labels(parts: UrlParts, _: date) -> bool:
    labels = parts.host.split(".")
    if labels[-1].isdigit():  # an address
        return False
    in_a_row = max(len(list(run)) for _, run in groupby(labels))
    return len(labels) > HOST_LABELS_MAX or in_a_row >= SAME_LABEL_IN_A_ROW


def _too_deep(parts: UrlParts, _: date) -> bool:
    return len(parts.segments) > PATH_SEGMENTS_MAX


def _repeating_path(parts: UrlParts, _: date) -> bool:
    return repeats(parts.segments)


def _growing_query(parts: UrlParts, _: date) -> bool:
    return (
        len(parts.parameters) > PARAMETERS_MAX
        or "%" + "25" * ENCODINGS_MAX in parts.url
        or any(parts.parameters.count(one) > SAME_PARAMETER_MAX for one in parts.parameters)
    )


def _far_in_a_calendar(parts: UrlParts, today: date) -> bool:
    years = dated(parts.path, parts.parameters)
    if any(year > today.year + YEARS_AHEAD and certain for year, certain in years):
        return True
    is_far = any(not today.year - YEARS_BACK <= year <= today.year + YEARS_AHEAD for year, _ in years)
    return is_far and any(CALENDAR.fullmatch(word) for word in WORD.findall(parts.url))


TRAPS: tuple[tuple[Reason, Callable[[UrlParts, date], bool]], ...] = (
    (Reason.TRAP_SUBDOMAINS, _too_many_labels),
    (Reason.TRAP_DEEP_PATH, _too_deep),
    (Reason.TRAP_REPEATING_PATH, _repeating_path),
    (Reason.TRAP_GROWING_QUERY, _growing_query),
    (Reason.TRAP_CALENDAR, _far_in_a_calendar),
)
"""Each reason with its test. The first test that succeeds counts."""


def repeats(segments: list[str]) -> bool:
    """Whether path segments repeat, alone or as a group."""
    if segments and max(map(segments.count, segments)) >= SAME_IN_ALL:
        return True
    if len(segments) >= MANY_SEGMENTS and 2 * len(set(segments)) <= len(segments):
        return True
    if any(len(list(run)) >= SAME_IN_A_ROW for _, run in groupby(segments)):
        return True
    for size in range(2, len(segments) // GROUP_IN_A_ROW + 1):
        same = 0
        for one, earlier in zip(segments[size:], segments, strict=False):
            same = same + 1 if one == earlier else 0
            if same >= size * (GROUP_IN_A_ROW - 1):
                return True
    return False


def dated(path: str, parameters: list[tuple[str, str]]) -> list[tuple[int, bool]]:
    """The years in a URL's dates, each with whether it certainly is a date: /2100/12 may be an article."""
    found = [(int(match["year"]), True) for match in IN_PATH.finditer(path)]
    found += [(int(match["year"]), False) for match in MONTH_IN_PATH.finditer(path)]
    names = {name.lower() for name, _ in parameters}
    for name, value in parameters:
        if match := IN_VALUE.fullmatch(value):
            found.append((int(match["year"]), "-" in value))
        elif name.lower() in YEAR_NAMES and names & MONTH_NAMES and re.fullmatch(r"[12]\d{3}", value):
            found.append((int(value), True))
    return found


def is_calendar_page(url: str) -> bool:
    """Whether a URL is the page of a month, week or day, rather than of an event in it."""
    parts = urlsplit(url)
    end = len(parts.path.rstrip("/"))
    for pattern in (IN_PATH, MONTH_IN_PATH):
        if any(found.end() == end for found in pattern.finditer(parts.path)):
            return True
    return bool(parts.query and dated("", parse_qsl(parts.query)))
