"""Reads whole lists. Unreadable lines are counted and skipped."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from alonchat_crawl.policies.blocklists.formats import read_line
from alonchat_crawl.policies.blocklists.rule import (
    LineError,
    Rule,
    TooWideError,
    UnreadableLineError,
    UnsupportedLineError,
)
from alonchat_crawl.policies.blocklists.rule_set import RuleSet, RuleSetBuilder

LINE_MAX_CHARS = 8192  # four of the longest URLs; longer lines are skipped
EXAMPLES_MAX = 10  # how many of the rules that are too wide the report names
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class NoListError(Exception):
    """A file that is no list. The message says why, as the end of a sentence."""


@dataclass(slots=True)
class ListReport:
    """How many rules a list has, and how many of its lines were skipped."""

    entries: int = 0
    """Distinct rules."""
    unreadable: int = 0
    """Lines in no known format, or too long."""
    first_unreadable: int = 0
    """The number of the first such line, from 1; 0 if there is none."""
    unsupported: int = 0
    """Ad blockers' rules of an unsupported kind."""
    too_wide: int = 0
    """Rules skipped because they would block too much."""
    too_wide_examples: tuple[str, ...] = ()
    """The first EXAMPLES_MAX of these rules."""

    def __str__(self) -> str:
        parts = [f"{self.entries} entries"]
        if self.unreadable:
            where = f", the first in line {self.first_unreadable}" if self.first_unreadable else ""
            parts.append(f"{self.unreadable} lines unreadable{where}")
        if self.unsupported:
            parts.append(f"{self.unsupported} rules for ad blockers only")
        if self.too_wide:
            parts.append(f"{self.too_wide} rules too wide")
        return "; ".join(parts)


class ListReader:
    """Turns lines into a list."""

    def __init__(self) -> None:
        self.report = ListReport()
        self._builder = RuleSetBuilder()
        self._lines = 0

    def read(self, lines: Iterable[str | None]) -> None:
        """Read more lines. None stands for a line that is too long."""
        report = self.report
        for line in lines:
            self._lines += 1
            try:
                for rule in _rules_of(line):
                    self._builder.add(rule)
            except UnsupportedLineError:
                report.unsupported += 1
            except TooWideError as error:
                report.too_wide += 1
                report.too_wide_examples = (*report.too_wide_examples, str(error))[:EXAMPLES_MAX]
            except LineError:
                report.unreadable += 1
                report.first_unreadable = report.first_unreadable or self._lines

    def finish(self) -> RuleSet:
        """Return the list and complete the report."""
        rules = self._builder.build()
        self.report.entries = len(rules)
        return rules


def _rules_of(line: str | None) -> Sequence[Rule]:
    if line is None:
        raise UnreadableLineError
    return read_line(line)


def read_file(path: Path) -> tuple[RuleSet, ListReport]:
    """Read a file, which must not change meanwhile. Raises OSError and NoListError.

    A file that has unreadable lines but no rule is no list: it may be a web server's error page.
    """
    # Without O_NONBLOCK, opening a named pipe would wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise NoListError("is no regular file")
        beginning = file.peek(4)[:4]
        encoding = next((name for mark, name in MARKS if beginning.startswith(mark)), "utf-8")
        text = TextIOWrapper(file, encoding, errors="replace")
        reader = ListReader()
        reader.read(bounded_lines(text))
        after = os.fstat(text.fileno())
    if stamp_of(before) != stamp_of(after):
        raise NoListError("was written to while it was read")
    rules = reader.finish()
    report = reader.report
    if report.unreadable and not report.entries:
        raise NoListError(f"is no blocklist: {report}")
    return rules, report


def stamp_of(status: os.stat_result) -> tuple[int, int, int]:
    """Return values that change if the file does: size in bytes, modification time in ns, inode."""
    return status.st_size, status.st_mtime_ns, status.st_ino


def bounded_lines(file: TextIOWrapper) -> Iterator[str | None]:
    """Yield lines of at most LINE_MAX_CHARS; None for a longer line, which is never in memory as a whole."""
    while line := file.readline(LINE_MAX_CHARS + 1):
        if len(line) <= LINE_MAX_CHARS or line.endswith("\n"):
            yield line
            continue
        while (more := file.readline(LINE_MAX_CHARS)) and not more.endswith("\n"):
            pass
        yield None
