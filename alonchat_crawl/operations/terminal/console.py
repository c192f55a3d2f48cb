"""The consoles for stdout and stderr."""

import os
import sys

from rich.console import Console

from alonchat_crawl.operations.terminal.terminal_text import terminal_text

STDERR = Console(stderr=True, highlight=False, soft_wrap=True)
"""The progress line and the log share it, so that messages appear above the line."""
PIPED_COLUMNS = 240
"""Width of a table that goes to no terminal."""


def stdout() -> Console:
    """Return a console for results: colour on a terminal, plain text elsewhere."""
    return Console(highlight=False)


def wide_stdout() -> Console:
    """Return a console for tables: as wide as the terminal, and wide enough if there is none."""
    shown = stdout()
    piped = not shown.is_terminal and "COLUMNS" not in os.environ
    return Console(highlight=False, width=PIPED_COLUMNS) if piped else shown


def complain(sentence: object) -> None:
    """Say on stderr what is wrong."""
    sys.stderr.write(f"{terminal_text(sentence)}\n")
