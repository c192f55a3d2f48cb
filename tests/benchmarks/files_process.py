"""`python -m tests.benchmarks.files_process WAY FILE`: read a file one way, print seconds and peak MiB."""

import csv
import json
import sys
import time
from collections.abc import Callable, Mapping
from io import BytesIO, StringIO
from pathlib import Path

import pypdfium2
from openpyxl import load_workbook

from alonchat_crawl.extract.files.read import read_file
from tests.benchmarks.bare_model import peak_mib

PLENTY = 1_000_000_000


def ours(body: bytes, name: str) -> int:
    """Return the characters of Markdown that this project makes of a file."""
    return len(read_file(body, name, PLENTY).text)


def pdfium(body: bytes, _: str) -> int:
    """Return the characters that PDFium finds, with nothing made of them."""
    document = pypdfium2.PdfDocument(body)
    return sum(len(page.get_textpage().get_text_range()) for page in document)


def openpyxl(body: bytes, _: str) -> int:
    """Return the characters of all values, as openpyxl reads them row by row."""
    workbook = load_workbook(BytesIO(body), read_only=True, data_only=True)
    return sum(
        len(str(value)) for sheet in workbook for row in sheet.iter_rows(values_only=True) for value in row
    )


def python_csv(body: bytes, _: str) -> int:
    """Return the characters of all values, as Python reads them row by row."""
    return sum(len(value) for row in csv.reader(StringIO(body.decode(), newline="")) for value in row)


WAYS: Mapping[str, Callable[[bytes, str], int]] = {
    "ours": ours,
    "pdfium": pdfium,
    "openpyxl": openpyxl,
    "csv": python_csv,
}

if __name__ == "__main__":
    way, path = sys.argv[1], Path(sys.argv[2])
    content = path.read_bytes()
    began = time.process_time()  # of this process alone: what else runs on the machine does not count
    chars = WAYS[way](content, path.name)
    seconds = time.process_time() - began
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib(), "chars": chars}))  # noqa: T201
