"""What a crawl in a process of its own shows on its terminal and prints at its end."""

import json
import os
import pty
from typing import Any

import pytest

from tests.sites.watching import COMMAND, crawl, environment

pytestmark = pytest.mark.slow

SEED = {
    "url": "http://example.com/",
    "project_id": "00000000-0000-0000-0000-000000000001",
    "source_id": "00000000-0000-0000-0000-000000000002",
}


def on_terminal(plan: dict[str, Any], columns: int) -> str:
    """Run a crawl on a terminal of its own and return all that it wrote there."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(COMMAND[0], [*COMMAND, json.dumps(plan)], environment(COLUMNS=str(columns)))  # noqa: S606
    written = b""
    try:
        while part := os.read(terminal, 65_536):
            written += part
    except OSError:  # Linux's way to say that the other end is closed
        pass
    os.close(terminal)
    os.waitpid(pid, 0)
    return written.decode()


def test_terminal_shows_line_messages_and_table() -> None:
    """On a terminal: no JSON, the live line, warnings and errors above it, the table at the end."""
    seen = on_terminal({"paths": ["/a", "/boom", "/missing"], "seed": SEED}, 100)
    assert '{"' not in seen
    assert "pages done, " in seen
    assert "a warning on the page" in seen
    assert "ValueError: the spider broke" in seen
    assert "Traceback" not in seen
    assert "http 404 1" in seen
    assert "[red]It said\\x1b[2J no." in seen
    assert seen.count("chunks stored by this process in") == 1
    assert seen.rindex("chunks stored by this process in") > seen.rindex("pages done")


def test_narrow_terminal_does_not_break() -> None:
    """On twelve columns the line is cut, never wrapped, and nothing fails."""
    seen = on_terminal({"paths": ["/a"], "seed": SEED}, 12)
    assert "0 pages done" in seen
    assert "0 pages done," not in seen
    assert "rror" not in seen


def test_interrupted_crawl_counts_its_own_part() -> None:
    """Where the source was not completed, the table has what this worker did."""
    ran = crawl({"paths": ["/a", "/missing"], "complete": False, "seed": SEED})
    assert "not completed (interrupted)" in ran.stdout
    assert "3 chunks stored" in ran.stdout
    assert "\x1b" not in ran.stdout


def test_other_sources_are_not_summed_up() -> None:
    """A crawl of one source prints no table of another that it happened to close."""
    ran = crawl({"paths": ["/a"], "seed": {"url": "http://example.com/other"}})
    assert ran.stdout == ""
