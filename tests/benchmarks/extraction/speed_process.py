"""Extracts and chunks the pages of a file, as often as it is told to, by the program in the current folder.

python speed_process.py PAGES.json      # then a line on stdin for each pass; seconds of CPU on stdout
"""

import json
import sys
from contextlib import suppress
from pathlib import Path
from time import process_time

sys.path.insert(0, "")

from alonchat_crawl.extract.chunks.chunking import chunk
from alonchat_crawl.extract.document import extract_document
from alonchat_crawl.parser_errors import GiveUp

CAPACITY, MINIMUM = 4096, 200  # bytes, as of documentation


def main() -> None:
    """Do a pass for each line."""
    pages = json.loads(Path(sys.argv[1]).read_text())
    for _ in sys.stdin:
        began = process_time()
        for html, url in pages:
            with suppress(GiveUp):
                extracted = extract_document("text/html", html, url).extracted
                chunk(extracted.markdown, extracted.title, CAPACITY, MINIMUM)
        sys.stdout.write(f"{process_time() - began}\n")
        sys.stdout.flush()


main()
