"""The changelog names each version once, with its day, and the newest is the project's."""

import re
import tomllib
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEADINGS = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_the_newest_version_is_the_projects() -> None:
    """What is installed says the version under which its changes stand."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert HEADINGS[0] == "Unreleased"
    assert HEADINGS[1].split(" - ")[0] == project["version"]


def test_versions_descend_with_their_days() -> None:
    """Newer ones stand first, and none is without a day or there twice."""
    released = [heading.split(" - ") for heading in HEADINGS[1:]]
    order = [tuple(int(part) for part in version.split(".")) for version, _ in released]
    days = [date.fromisoformat(day) for _, day in released]
    assert order == sorted(set(order), reverse=True)
    assert days == sorted(days, reverse=True)
