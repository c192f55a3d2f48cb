"""No way to run code or to open a door is left in what we wrote, nor in the settings in effect."""

import ast
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from scrapy.settings import Settings

from alonchat_crawl.errors import GiveUp, StartupError
from alonchat_crawl.extract.files.archives.archive import list_files, read_member
from alonchat_crawl.policies.guards import MIDDLEWARES, OFF, check_guards
from tests.audit import FOUND, NO_DATA, verdict
from tests.fuzz.targets import TARGETS, seeds
from tests.support.files.office import zipped

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("alonchat_crawl/**/*.py"), *ROOT.glob("pipelines/*.py")])
MODULES = {
    "pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "yaml",
    "telnetlib",
    "pty",
}
CALLS = {"eval", "exec", "compile", "__import__"}
ATTRIBUTES = {
    ("os", "system"),
    ("os", "popen"),
    ("subprocess", "getoutput"),
    ("torch", "load"),
    ("numpy", "load"),
}


def forbidden(tree: ast.AST) -> list[str]:
    """Whatever in a module would let data become code."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found += [alias.name for alias in names if alias.name.split(".")[0] in MODULES]
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in MODULES:
                found.append(module)
            case ast.Call(func=ast.Name(id=name)) if name in CALLS:
                found.append(name)
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if (owner, name) in ATTRIBUTES:
                found.append(f"{owner}.{name}")
            case ast.keyword(arg="shell" | "allow_pickle" | "trust_remote_code", value=value) if not (
                isinstance(value, ast.Constant) and value.value is False
            ):
                found.append(f"{node.arg}=…")
    return found


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from yaml import load",
        "eval(x)",
        "exec('')",
        "os.system('x')",
        "subprocess.run(x, shell=True)",
        "f(allow_pickle=y)",
        "def f():\n    import marshal",
    ],
)
def test_what_is_forbidden_is_found(code: str) -> None:
    """The check below can fail."""
    assert forbidden(ast.parse(code)) != []


def test_no_data_becomes_code() -> None:
    """No pickle, YAML, eval, exec, shell in any module of ours."""
    assert len(SOURCES) > 100
    found = {str(path.relative_to(ROOT)): forbidden(ast.parse(path.read_text())) for path in SOURCES}
    assert {name: what for name, what in found.items() if what} == {}


def effective(**changes: Any) -> Settings:
    """The settings as Scrapy puts them together."""
    settings = Settings()
    settings.setmodule("alonchat_crawl.settings", priority="project")
    settings.setdict(changes, priority="cmdline")
    return settings


def test_no_door_is_open() -> None:
    """Neither by our settings nor by Scrapy's own defaults; nothing that pickles is in use."""
    settings = effective()
    for name in (*OFF, "HTTPPROXY_ENABLED_FOR_ALL", "MEMDEBUG_ENABLED"):
        assert not settings.getbool(name)
    assert settings["FEEDS"] == {}
    assert settings["SCHEDULER_SERIALIZER"] is None
    assert settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES")
    assert settings["DOWNLOAD_TLS_MIN_VERSION"] == "TLSv1.2"
    handlers = settings.getwithbase("DOWNLOAD_HANDLERS")
    assert {scheme for scheme, handler in handlers.items() if handler} == {"http", "https"}
    on = {
        str(name)
        for table in ("DOWNLOADER_MIDDLEWARES", "SPIDER_MIDDLEWARES", "EXTENSIONS", "ITEM_PIPELINES")
        for name, place in settings.getwithbase(table).items()
        if place is not None
    }
    shut = (
        "cookies",
        "httpproxy",
        "httpauth",
        "telnet",
        "remote_control",
        "httpcache",
        "feedexport",
        "pipelines.files",
    )
    left = {name for name in on if any(word in name for word in shut)}
    assert left <= {
        "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware",  # HTTPCACHE_ENABLED is off
        "scrapy.extensions.feedexport.FeedExporter",  # nor does this: FEEDS is empty
    }
    check_guards(settings)


@pytest.mark.parametrize("guard", MIDDLEWARES)
@pytest.mark.parametrize("how", ["none", "replaced"])
def test_no_start_without_a_guard(guard: str, how: str) -> None:
    """Switched off, or lost with a table that was replaced: one sentence that names it."""
    table = effective().getdict("DOWNLOADER_MIDDLEWARES")
    changed = {**table, guard: None} if how == "none" else {k: v for k, v in table.items() if k != guard}
    with pytest.raises(StartupError, match=guard.rpartition(".")[2]):
        check_guards(effective(DOWNLOADER_MIDDLEWARES=changed))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"DOWNLOADER_MIDDLEWARES": {}}, "AddressPolicy"),
        ({"DOWNLOAD_HANDLERS": {}}, "GuardedHandler for http"),
        ({"DOWNLOAD_HANDLERS": {"file": "scrapy.core.downloader.handlers.file.FileDownloadHandler"}}, "file"),
        ({"TWISTED_DNS_RESOLVER": "scrapy.resolver.CachingThreadedResolver"}, "ReactorResolver"),
        ({"PACER": "tests.support.no_pacer.NoPacer"}, "Pacing"),
        ({"TELNETCONSOLE_ENABLED": True}, "TELNETCONSOLE_ENABLED=False"),
        ({"HTTPCACHE_ENABLED": "1"}, "HTTPCACHE_ENABLED=False"),
    ],
)
def test_no_start_with_an_open_door(changes: dict[str, Any], words: str) -> None:
    """What is dialled with, and what listens, is looked at too."""
    with pytest.raises(StartupError, match=words):
        check_guards(effective(**changes))


class Bomb:
    """Says so when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('run')",)


POISON = [pickle.dumps(Bomb(), protocol) for protocol in range(5)]
POISON += [
    b"\xc1",
    b"\xdf\xff\xff\xff\xff",
    b"[" * 5000,
    b'{"a":' * 5000,
    b"\x96\x01\x01\x05\xa1x\x00\xc0",
    b"\0" * 99999,
]


@pytest.mark.parametrize("name", TARGETS)
def test_targets_bear_what_is_broken(name: str) -> None:
    """What the fuzzer begins with, cut short and with bytes of it changed, and poison: nothing is wrong."""
    target = TARGETS[name]
    for seed in seeds(name):
        small = len(seed) < 1000  # documents are broken in a hundred ways elsewhere
        pieces = [seed, seed[: len(seed) // 2], seed[1:]]
        pieces += (
            [seed[:i] + b"\xff" + seed[i + 1 :] for i in range(0, len(seed), len(seed) // 8 + 1)]
            if small
            else []
        )
        for body in pieces:
            target(body)
    for body in POISON:
        target(body)


@pytest.mark.parametrize("name", sorted(set(TARGETS) - {"pdf", "docx", "pptx", "xlsx", "odt", "epub", "tar"}))
@examples(max_examples=15, deadline=None, derandomize=True)
@given(data=st.binary(max_size=200))
def test_targets_bear_anything(name: str, data: bytes) -> None:
    """So is nothing with any bytes."""
    TARGETS[name](data)


FOUND_BY_FUZZING = [
    ("frame", b"\x93\x91\x01\xc0\xc2"),  # a kind that is a list
    ("lease", b"\x95\x01\x01\x05\xa2/a\x00"),  # an origin that the source has not
    ("lease", b"\x95\x01\x01\xa1x\xa2/a\x00"),
]


@pytest.mark.parametrize(("name", "data"), FOUND_BY_FUZZING)
def test_what_fuzzing_found(name: str, data: bytes) -> None:
    """Each raised what nobody expected of it."""
    TARGETS[name](data)


def test_a_member_shorter_than_told_is_refused() -> None:
    """A ZIP's directory that tells of more than there is: the file is not taken for whole."""
    packed = bytearray(zipped({"a.txt": "tea is hot, tea is hot"}))
    place = packed.index(b"PK\x01\x02") + 24  # the size, unpacked
    packed[place] += 1
    assert [each.size for each in list_files(bytes(packed))] == [23]
    with pytest.raises(GiveUp, match="cut short"):
        read_member(bytes(packed), "a.txt", 1000)


def test_no_weakness_is_not_no_answer() -> None:
    """An audit without its data is told from one that found nothing, and from one that found something."""
    clean = '{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}'
    weak = clean.replace("[]", '[{"id": "CVE-1", "fix_versions": ["2"]}]')
    assert verdict(0, clean, "")[0] == 0
    assert verdict(1, weak, "") == (FOUND, "a 1: CVE-1, mended in 2")
    skipped = '{"dependencies": [{"name": "a", "skip_reason": "Dependency not found"}]}'
    assert verdict(0, skipped, "")[0] == NO_DATA
    for out in ("", "null", "{}", "Traceback"):
        code, said = verdict(1, out, "long\nERROR: no connection")
        assert code == NO_DATA
        assert said.endswith("ERROR: no connection")
