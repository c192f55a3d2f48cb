"""No broken file does more harm than to its own reading."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.support.files.endings import ARCHIVES, FILES
from tests.support.files.good import GOOD

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120
MEMORY_BYTES = 1 << 30
READ = "read"
PROGRAM = """
import json, resource, sys
from alonchat_crawl.extract.files.archives.archive import read_member, list_files
from alonchat_crawl.extract.files.read import read_file
from alonchat_crawl.parser_errors import GiveUp
from tests.support.files.broken import broken_files

def ending(kind, name, body):
    try:
        if kind in {"zip", "tar"}:
            for each in list_files(body):
                read_member(body, each.name, 1 << 20)
        else:
            found = read_file(body, name, 100_000)
            assert len(found.text) <= 100_000 and any(map(str.isalnum, found.text))
        return "read"
    except GiveUp as error:
        return error.reason

files = [(kind, name, body) for kind in sys.argv[2:] for name, body in broken_files(kind)]
resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[1]),) * 2)
print(json.dumps([(kind, name, ending(kind, name, body)) for kind, name, body in files]))
"""


@cache
def endings() -> dict[str, dict[str, str]]:
    """How each broken file ended, by type and name, in a process that may crash and has 1 GB of memory."""
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(MEMORY_BYTES), *GOOD],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert process.returncode == 0, process.stderr[-2000:]
    found: dict[str, dict[str, str]] = {kind: {} for kind in GOOD}
    for kind, name, ending in json.loads(process.stdout):
        found[kind][name] = ending
    return found


@pytest.mark.parametrize("kind", GOOD)
def test_a_hundred_broken_files_end_with_a_reason(kind: str) -> None:
    """Each of at least 100 is read after all, or given up for one of the reasons that there are."""
    found = endings()[kind]
    assert len(found) >= 100
    reasons = ARCHIVES if kind in {"zip", "tar"} else FILES
    assert {name: ending for name, ending in found.items() if ending not in reasons | {READ}} == {}
    assert len(set(found.values())) > 1


@pytest.mark.parametrize("kind", GOOD)
def test_an_attack_is_called_what_it_is(kind: str) -> None:
    """Where a file's name begins with a reason, that is its ending."""
    expected = {
        name: name[4:].partition(",")[0]
        for name in endings()[kind]
        if name[4:].partition(",")[0] in FILES | ARCHIVES
    }
    assert {name: endings()[kind][name] for name in expected} == expected
    if kind in {"pdf", "docx", "pptx", "xlsx", "odt", "epub", "zip", "tar"}:
        assert expected
