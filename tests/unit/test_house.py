"""The house's own rules: which room may use which, and that every setting has one home."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from scrapy.settings import Settings, default_settings

from alonchat_crawl import settings
from alonchat_crawl.environment import Environment
from tests import house

ROOT = Path(__file__).parents[2]
SOURCES = house.python_files()
READS = re.compile(r"""settings(?:\.get(?:int|float|bool|list|dict|priority)?\(|\[)\s*["']([A-Z0-9_]+)["']""")


@pytest.mark.parametrize("rule", house.RULES, ids=lambda rule: rule.__name__)
def test_the_house(rule: Callable[[], Iterator[str]]) -> None:
    """No file breaks a rule of the house: `python -m tests.house` prints the rooms, too."""
    assert list(rule()) == []


@pytest.mark.parametrize(
    ("module", "breach"),
    [
        ("alonchat_crawl.worker.exchange", ["worker is not below fetch"]),
        ("alonchat_crawl.policies.status", ["policies is not below fetch"]),
        ("alonchat_crawl.extract.document", []),
        ("alonchat_crawl.urls", []),
    ],
)
def test_an_arrow_up_is_seen(
    module: str, breach: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of fetch/ may import lower floors and words, and nothing above it or beside it."""
    for room in ("worker", "policies", "extract", "fetch"):
        (tmp_path / house.PROGRAM / room).mkdir(parents=True)
    file = tmp_path / house.PROGRAM / "fetch" / "new.py"
    file.write_text(f"from {module.rpartition('.')[0]} import {module.rpartition('.')[2]}")
    monkeypatch.setattr(house, "ROOT", tmp_path)
    assert [breach.rpartition(": ")[2] for breach in house.arrows_up()][:1] == breach


@pytest.mark.parametrize(
    ("line", "spelt"),
    [
        ('raise Refused("robots", "it says so")', "'robots'"),
        ('raise errors.GiveUp("zip bomb")', "'zip bomb'"),
        ('Ending(Outcome.DEAD, "http 404")', "'http 404'"),
        ('Ending(Outcome.DEAD, f"http {status}")', "'http '"),
        ('Ending(Outcome.RETRY, reason="timeout")', "'timeout'"),
        ('if error.reason != "file type": raise', "'file type'"),
        ('if ending.reason in {Reason.TLS, "dns"}: raise', "'dns'"),
        ('raise Refused(Reason.ROBOTS, "it says so")', ""),
        ('print("robots")', ""),
        ('if name == "robots": raise', ""),
    ],
)
def test_a_reason_spelt_elsewhere_is_seen(
    line: str, spelt: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reasons are named by their enum where they are given and compared; other text may say the same."""
    (tmp_path / house.PROGRAM).mkdir()
    (tmp_path / house.PROGRAM / "new.py").write_text(line)
    monkeypatch.setattr(house, "ROOT", tmp_path)
    wanted = [f"{house.PROGRAM}/new.py:1 spells the reason {spelt}"] if spelt else []
    assert list(house.reasons_spelt_elsewhere()) == wanted


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("elsewhere.py", 'key = f"home:{source_id}"', [1]),
        ("elsewhere.py", 'key = f"{prefix}:running"', [1]),
        ("elsewhere.py", 'key = "{%s}:lane:%s" % (name, project)', [1]),
        ("elsewhere.py", 'key = "f2:{0}:" + word', [1]),
        ("elsewhere.py", 'a = 1\nawait self._redis.get("anything")', [2]),
        ("elsewhere.py", 'await redis.set(f"{kind}/{host}", 1)', [1]),
        ("elsewhere.py", 'await queue.redis.set("x" + host, 1)', [1]),
        ("elsewhere.py", '"""Of `home:` and `:running`."""\nlogger.info("robots: %s", f"{host}:{port}")', []),
        ("elsewhere.py", "await redis.get(HOME.of(source=source_id))", []),
        ("redis_keys.py", 'HOME = "home:{source}"', []),
        ("elsewhere.lua", "local key = KEYS[1] .. ':more'", [1]),
        ("elsewhere.lua", "-- PREFIX\nlocal key = PREFIX .. ':' .. source", [2]),
        ("elsewhere.lua", "local key = table.concat({start, ':queue:', domain})", [1]),
        ("elsewhere.lua", "redis.call('GET', 'anything')", [1]),
        ("elsewhere.lua", "call('HINCRBY', source_key(source), 'n:dead', 1) -- f2:{0}:running", []),
        ("elsewhere.lua", "redis.call('SET', KEYS[1], ARGV[1])", []),
    ],
)
def test_a_key_made_elsewhere_is_seen(
    name: str, text: str, lines: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key's name written or put together in Python or Lua is seen; the list itself may write it."""
    file = tmp_path / house.PROGRAM / name
    file.parent.mkdir()
    file.write_text(text)
    monkeypatch.setattr(house, "ROOT", tmp_path)
    seen = list(house.redis_keys_made_elsewhere())
    assert [breach.partition(" ")[0] for breach in seen] == [f"{house.PROGRAM}/{name}:{n}" for n in lines]


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
    text = "\n".join(
        path.read_text() for path in SOURCES if path.name not in {"settings.py", "environment.py"}
    )
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
