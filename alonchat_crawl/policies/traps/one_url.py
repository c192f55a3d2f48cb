"""What one URL shows of a crawler trap: pages made up by following them, without end."""

import re
from datetime import date
from itertools import groupby
from urllib.parse import parse_qsl, urlsplit

from alonchat_crawl.reasons import Reason

PATH_SEGMENTS_MAX = 25  # Heritrix stops at 20; a source tree in a repository's browser can have more
SAME_IN_A_ROW = 4  # /x/x/x/x; Heritrix stops at 3
GROUP_IN_A_ROW = 3  # /a/b/a/b/a/b
SAME_IN_ALL = 6  # /a/b/a/c/a/d/…
MANY_SEGMENTS = 8  # of which half are different at most: /a/b/x/x/a/b/x/x
PARAMETERS_MAX = 30
SAME_PARAMETER_MAX = 2  # ?a=1&a=1: a form sent again to its own result
ENCODINGS_MAX = 3  # ?back=%2525252F: each page's address within the next one's
HOST_LABELS_MAX = 10
SAME_LABEL_IN_A_ROW = 3  # www.www.www.example.com

YEARS_AHEAD = 2
YEARS_BACK = 30  # the web is little older
CALENDAR = re.compile(
    r"cal(?:endar|endrier|endario)?|kalender|agenda|events?|termine?|schedule|months?|weeks?|days?|dates?|ical",
    re.IGNORECASE,
)
"""Words of which a path, a host or a query of a calendar has one. An archive of 1945 has none."""
WORD = re.compile(r"[A-Za-z]+")
YEAR = r"(?P<year>[12]\d{3})"
DAY_OF_MONTH = r"(?:0[1-9]|[12]\d|3[01])"
MONTH = r"(?:0[1-9]|1[0-2])"
IN_PATH = re.compile(rf"/{YEAR}(?:/{MONTH}/{DAY_OF_MONTH}|-{MONTH}(?:-{DAY_OF_MONTH})?)(?=[/.]|$)")
MONTH_IN_PATH = re.compile(rf"/{YEAR}/{MONTH}(?=[/.]|$)")
IN_VALUE = re.compile(rf"{YEAR}-?{MONTH}(?:-?{DAY_OF_MONTH})?(?:T.*)?")
YEAR_NAMES = frozenset({"year", "y", "yr", "jahr", "annee", "ano", "cal_year"})
MONTH_NAMES = frozenset({"month", "m", "mon", "monat", "mois", "mes", "cal_month", "day", "d", "week", "w"})


def trap(url: str, today: date) -> Reason:
    """Why a canonical URL is taken for part of a trap; NONE if it is not."""
    parts = urlsplit(url)
    segments = [segment for segment in parts.path.split("/") if segment]
    parameters = parse_qsl(parts.query)
    if _too_many_labels(parts.hostname or ""):
        return Reason.TRAP_SUBDOMAINS
    if len(segments) > PATH_SEGMENTS_MAX:
        return Reason.TRAP_DEEP_PATH
    if repeats(segments):
        return Reason.TRAP_REPEATING_PATH
    if len(parameters) > PARAMETERS_MAX or url.count("%" + "25" * ENCODINGS_MAX):
        return Reason.TRAP_GROWING_QUERY
    if any(parameters.count(one) > SAME_PARAMETER_MAX for one in parameters):
        return Reason.TRAP_GROWING_QUERY
    years = dated(parts.path, parameters)
    far_ahead = any(year > today.year + YEARS_AHEAD for year, sure in years if sure or _names_calendar(url))
    far_back = any(year < today.year - YEARS_BACK for year, _ in years) and _names_calendar(url)
    return Reason.TRAP_CALENDAR if far_ahead or far_back else Reason.NONE


def repeats(segments: list[str]) -> bool:
    """Whether path segments come again and again, alone or as a group."""
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
    """The years of a URL's dates, each with whether it can be nothing else: /2100/12 might be an article."""
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
    """Whether a URL stands for a month, a week or a day, and not for something that happened in it."""
    parts = urlsplit(url)
    if any(one.end() == len(parts.path.rstrip("/")) for one in IN_PATH.finditer(parts.path)):
        return True
    if any(one.end() == len(parts.path.rstrip("/")) for one in MONTH_IN_PATH.finditer(parts.path)):
        return True
    return bool(parts.query and dated("", parse_qsl(parts.query)))


def _names_calendar(url: str) -> bool:
    return any(CALENDAR.fullmatch(word) for word in WORD.findall(url))


def _too_many_labels(host: str) -> bool:
    labels = host.split(".")
    if labels[-1].isdigit():  # an address
        return False
    in_a_row = max(len(list(run)) for _, run in groupby(labels))
    return len(labels) > HOST_LABELS_MAX or in_a_row >= SAME_LABEL_IN_A_ROW
