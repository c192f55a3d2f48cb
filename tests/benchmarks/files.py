"""Files: a PDF of 500 pages, a workbook and a CSV of 100,000 rows, each read in a process of its own.

The baselines do less: PDFium alone finds a page's text, without paragraphs, headings or a look for what is
hidden; openpyxl in its read-only mode and Python's csv hand out values, without Markdown. Seconds are the
process's own CPU time. Alone: `python -m tests.benchmarks files`.
"""

import csv
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO, StringIO
from itertools import accumulate, product
from pathlib import Path
from typing import NamedTuple

from openpyxl import Workbook

from tests.benchmarks.bench import Bench
from tests.benchmarks.documentation import WORDS
from tests.benchmarks.results import Row
from tests.support.files.pdf import lines, pdf, text

ROOT = Path(__file__).parents[2]
ROUNDS = 3
PAGES = 500
LINES = 45
ROWS = 100_000
FIRST_DAY = date(2000, 1, 1)
QUICKER = 10

VOCABULARY = ["".join(pair) for pair in product(WORDS, WORDS)]
WEIGHTS = list(accumulate(1 / rank for rank in range(1, len(VOCABULARY) + 1)))


class Read(NamedTuple):
    """What reading a file once took."""

    seconds: float
    peak_mib: float
    chars: int


def measure(bench: Bench) -> Iterator[Row]:
    """Yield pages and rows a second, and the memory that it takes."""
    shrink = QUICKER if bench.quick else 1
    rng = random.Random("files")  # noqa: S311 - to be the same
    for name, body, count, unit, baseline, what in (
        ("book.pdf", book(rng, PAGES // shrink), PAGES // shrink, "pages", "pdfium", "PDFium's text alone"),
        (
            "table.xlsx",
            table(rng, ROWS // shrink),
            ROWS // shrink,
            "rows",
            "openpyxl",
            "openpyxl's values alone",
        ),
        ("table.csv", csv_table(rng, ROWS // shrink), ROWS // shrink, "rows", "csv", "Python's csv alone"),
    ):
        path = bench.folder / name
        path.write_bytes(body)
        ours, theirs = [], []
        for number in bench.rounds(ROUNDS):
            bench.say(f"files: {name}, round {number + 1} …")
            ours.append(_read("ours", path))
            theirs.append(_read(baseline, path))
        kind = path.suffix[1:].upper()
        yield Row(
            f"{kind} of {count} {unit} to Markdown",
            f"{unit} a second",
            [count / read.seconds for read in ours],
            what,
            [count / read.seconds for read in theirs],
        )
        yield Row(
            f"peak memory, {kind} of {count} {unit}",
            "MiB",
            [read.peak_mib for read in ours],
            what,
            [read.peak_mib for read in theirs],
        )


def book(rng: random.Random, pages: int) -> bytes:
    """Return a PDF of chapters of ten pages, with headings and page numbers."""
    return pdf(
        [
            (text(_words(rng, 4), 72, 740, 18, "F2") if number % 10 == 0 else "")
            + lines([_words(rng, 11) for _ in range(LINES)], top=710)
            + text(f"{number + 1}", 300, 40)
            for number in range(pages)
        ]
    )


def table(rng: random.Random, rows: int) -> bytes:
    """Return a workbook of one sheet: numbers, dates, texts shared and not, as openpyxl writes it."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Data")
    for row in range(rows):
        day = FIRST_DAY + timedelta(days=row % 9999)
        sheet.append([row, rng.choice(VOCABULARY), day, rng.random(), _words(rng, 3), row % 2 == 0])
    buffer = BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def csv_table(rng: random.Random, rows: int) -> bytes:
    """Return the same in CSV."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    for row in range(rows):
        day = FIRST_DAY + timedelta(days=row % 9999)
        writer.writerow([row, rng.choice(VOCABULARY), day, rng.random(), _words(rng, 3), row % 2 == 0])
    return buffer.getvalue().encode()


def _words(rng: random.Random, count: int) -> str:
    return " ".join(rng.choices(VOCABULARY, cum_weights=WEIGHTS, k=count))


def _read(way: str, path: Path) -> Read:
    command = [sys.executable, "-m", "tests.benchmarks.files_process", way, str(path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return Read(**json.loads(ended.stdout))
