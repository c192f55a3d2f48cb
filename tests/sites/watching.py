"""Starts `watched_crawl` in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

COMMAND = [sys.executable, "-m", "tests.sites.watched_crawl"]


NOWHERE = "/dev/null/no-server-is-started"
"""A data folder that cannot be."""


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment for the project, with `variables` on top."""
    own = {"SCRAPY_SETTINGS_MODULE": "alonchat_crawl.settings", "TERM": "xterm", "ALONCHAT_DATA_DIR": NOWHERE}
    return {**os.environ, **own, **variables}


def crawl(plan: dict[str, Any], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a plan to its end, with nothing on standard input and no terminal."""
    return subprocess.run(
        [*COMMAND, json.dumps(plan)],
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def lines(stderr: str) -> list[dict[str, Any]]:
    """Parse JSON lines; any other line is an error."""
    return [json.loads(line) for line in stderr.splitlines()]


@contextmanager
def held(plan: dict[str, Any], **variables: str) -> Iterator[str]:
    """Run a plan that goes on; give the origin of its metrics, and end it afterwards."""
    with subprocess.Popen(
        [*COMMAND, json.dumps({**plan, "hold": True})],
        env=environment(**variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        said = []
        try:
            for line in process.stderr:
                said.append(line)
                if (event := json.loads(line)["event"]).startswith("metrics on "):
                    yield event.removeprefix("metrics on ").removesuffix("/metrics")
                    break
            else:
                raise AssertionError("".join(said))
        finally:
            process.stdin.close()
            process.stderr.read()
            process.wait(30)
