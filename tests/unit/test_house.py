"""The house's own rules: which room may use which, and that every setting has one home."""

import ast
import re
from pathlib import Path

import pytest
from scrapy.settings import Settings, default_settings

from alonchat_crawl import settings
from alonchat_crawl.settings import Environment

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("alonchat_crawl/**/*.py"), *ROOT.glob("pipelines/*.py")])
READS = re.compile(r"""settings(?:\.get(?:int|float|bool|list|dict|priority)?\(|\[)\s*["']([A-Z0-9_]+)["']""")


def imports(path: Path) -> set[str]:
    """The modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize(
    ("rooms", "forbidden"),
    [
        ("pipelines alonchat_crawl/policies alonchat_crawl/extract", "alonchat_crawl.frontier"),
        ("alonchat_crawl/extract alonchat_crawl/storage", "scrapy"),
        ("alonchat_crawl/extract", "alonchat_crawl.storage"),
        ("alonchat_crawl/extract", "alonchat_crawl.errors"),  # they are Scrapy's as well
        (
            "pipelines alonchat_crawl/policies alonchat_crawl/extract alonchat_crawl/frontier",
            "alonchat_crawl.operations",
        ),
        (
            "alonchat_crawl/storage alonchat_crawl/spiders alonchat_crawl/commands",
            "alonchat_crawl.operations",
        ),
    ],
)
def test_imports_point_one_way(rooms: str, forbidden: str) -> None:
    """No file of a room imports what the room must not know."""
    files = [path for room in rooms.split() for path in (ROOT / room).glob("**/*.py")]
    assert files
    trespassers = {
        str(path.relative_to(ROOT)): module
        for path in files
        for module in imports(path)
        if module == forbidden or module.startswith(f"{forbidden}.")
    }
    assert trespassers == {}


def test_every_setting_read_is_declared() -> None:
    """A misspelt setting would read as 0 or None: each that is read has its one default in settings."""
    read = {name for path in SOURCES for name in READS.findall(path.read_text())}
    assert len(read) > 20
    # Scrapy sets LOG_FILE itself, from the command line or for scrapyd.
    undeclared = {
        name for name in read if not hasattr(settings, name) and not hasattr(default_settings, name)
    }
    assert undeclared == set()


def test_every_declared_setting_is_used() -> None:
    """A setting that changes nothing would be a lie."""
    text = "\n".join(path.read_text() for path in SOURCES if path.name != "settings.py")
    scrapys = Settings()
    own = {name for name in vars(settings) if name.isupper() and name not in scrapys}
    unused = {name for name in own if name not in text} - {"SECRETS", "DOWNLOAD_HANDLERS"}
    assert unused == set()


def test_every_variable_is_explained() -> None:
    """`.env.example` names each environment variable, with its default where it has one."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    shown = dict(line.removeprefix("#").split("=", 1) for line in lines if re.match(r"#[A-Z0-9_]+=", line))
    assert set(shown) == set(Environment.model_fields)
    for name, field in Environment.model_fields.items():
        if field.default not in (None, ()):
            assert shown[name].lower() == str(field.default).lower()
