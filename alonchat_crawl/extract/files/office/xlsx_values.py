"""What a cell shows (ISO/IEC 29500-1, 18.3.1.4 and 18.8.30): text, numbers, dates, booleans."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from alonchat_crawl.extract.files.office.xml_parts import Element, attribute, child, children

# The built-in formats that show dates or times; no file defines them.
DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
PERCENT_FORMATS = frozenset({9, 10})
NOT_DATE_PARTS = re.compile(r'"[^"]*"|\[(?!h+\]|m+\]|s+\])[^\]]*\]|\\.|_.|\*.', re.IGNORECASE)
DATE_PARTS = re.compile(r"[dmyhs]", re.IGNORECASE)
DAYS_MAX = 2_958_466  # the end of 9999
BEFORE_LEAP_DAY = 60  # 1900-02-29, which Lotus 1-2-3 believed in
SIGNIFICANT_DIGITS = 15
BOOLEANS = {"1": "TRUE", "0": "FALSE"}


class CellValues:
    """Makes the text that a cell shows, by a workbook's shared strings and number formats."""

    def __init__(self, strings: Sequence[str], styles: Element | None, *, since_1904: bool) -> None:
        self._strings = strings
        self._epoch = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 - a wall clock
        self._since_1904 = since_1904
        self._dates, self._percents, self._blank = _formats(styles)

    def shown(self, cell: Element) -> str:
        """Return a cell's value as a reader sees it; empty if it has none."""
        if cell.get("s") in self._blank:
            return ""
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            inline = child(cell, "is")
            return "".join(each.text or "" for each in inline.iter("{*}t")) if inline is not None else ""
        stored = next(((each.text or "").strip() for each in cell if each.tag.endswith("}v")), "")
        match kind:
            case "s":
                return self._shared(stored)
            case "b":
                return BOOLEANS.get(stored, stored)
            case "n":
                return self._number(stored, cell.get("s", "0"))
        return stored  # a formula's text, an error, a date in ISO 8601

    def _shared(self, stored: str) -> str:
        place = int(stored) if stored.isdecimal() else -1
        return self._strings[place] if 0 <= place < len(self._strings) else ""

    def _number(self, stored: str, style: str) -> str:
        try:
            number = float(stored)
        except ValueError:
            return stored
        if style in self._dates and 0 <= number < DAYS_MAX:
            return self._date(number)
        if style in self._percents:
            return f"{100 * number:.{SIGNIFICANT_DIGITS}g}%"
        # 0.1 + 0.2 is stored with 17 digits and shown with at most 15.
        return f"{number:.{SIGNIFICANT_DIGITS}g}" if "." in stored or "E" in stored.upper() else stored

    def _date(self, days: float) -> str:
        seconds = round(86_400 * (days % 1))
        if days < 1 and not self._since_1904:
            return str(timedelta(seconds=seconds))
        early = not self._since_1904 and days < BEFORE_LEAP_DAY
        moment = self._epoch + timedelta(days=int(days) + early, seconds=seconds)
        return moment.date().isoformat() if not seconds else moment.isoformat(" ")


def _formats(styles: Element | None) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the numbers of the cell styles that show dates, percentages, and nothing."""
    own = {
        attribute(each, "numFmtId"): each.get("formatCode", "")[:255] for each in children(styles, "numFmts")
    }
    dates, percents, blank = set(), set(), set()
    for number, each in enumerate(children(styles, "cellXfs")):
        identity = attribute(each, "numFmtId")
        own_code = own.get(identity)
        code = NOT_DATE_PARTS.sub("", own_code or "").partition(";")[0]
        known = int(identity) if identity.isdecimal() and own_code is None else 0
        if own_code and not own_code.strip(";"):  # ";;;" is a custom way to hide a cell
            blank.add(str(number))
        elif DATE_PARTS.search(code) or known in DATE_FORMATS:
            dates.add(str(number))
        elif "%" in code or known in PERCENT_FORMATS:
            percents.add(str(number))
    return frozenset(dates), frozenset(percents), frozenset(blank)
