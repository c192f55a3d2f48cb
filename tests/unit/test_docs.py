"""The documents name only files, settings and pages that are there."""

import re
from pathlib import Path

import pytest

from alonchat_crawl import settings
from alonchat_crawl.environment import Environment

ROOT = Path(__file__).parents[2]
HISTORY = "CHANGELOG.md"
"""What it tells of may be gone."""
FOLDERS = (".", "docs", "deploy", ".github")
DOCUMENTS = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.md"))
PROGRAM = [
    path.relative_to(ROOT).as_posix()
    for folder in ("alonchat_crawl", "pipelines", "tests", "deploy")
    for path in (ROOT / folder).rglob("*.*")
]
IN_BACKTICKS = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"[\w./]*\w\.(?:py|lua|sql)")
SETTING = re.compile(r"\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#([^)\s]+))?\)")
NO_SETTINGS = frozenset({"PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_EXTRA_INDEX_URL", "EXTRACTION_VERSION"})
"""pip's own variables, and a constant of the code."""


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_names_exists(document: Path) -> None:
    """Each file, setting and link of a document leads somewhere."""
    text = document.read_text()
    said = [piece for piece in IN_BACKTICKS.findall(text) if document.name != HISTORY]
    files = {name for piece in said for name in FILE.findall(piece) if "*" not in piece}
    assert {name for name in files if not any(f"/{path}".endswith(f"/{name}") for path in PROGRAM)} == set()
    known = {*vars(settings), *Environment.model_fields, *NO_SETTINGS}
    assert {name for piece in said for name in SETTING.findall(piece)} - known == set()
    for target, anchor in LINK.findall(text):
        linked = (document.parent / target).resolve()
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), f"{target}#{anchor}"
