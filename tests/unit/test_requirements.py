"""Everything but torch is installed by its hash, and the lock files hold what the requirements pin."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNTIME, DEVELOPMENT = "requirements", "requirements-dev"
WITHOUT_HASH = {"torch"}
OF_GPUS = re.compile(r"(nvidia|cuda|triton)\b")


def lines(path: str) -> list[str]:
    """A requirements file's lines, those that go on joined, without comments."""
    text = (ROOT / path).read_text().replace("\\\n", " ")
    return [line for line in (line.split("#")[0].strip() for line in text.splitlines()) if line]


def pins(path: str) -> dict[str, str]:
    """Name, as indexes normalise it, and version of each line that pins one; extras are left out."""
    found = (re.match(r"([\w.-]+)(?:\[[\w,]+\])?==([^\s;]+)", line) for line in lines(path))
    return {re.sub(r"[._-]+", "-", pin[1]).lower(): pin[2] for pin in found if pin}


@pytest.mark.parametrize("name", [RUNTIME, DEVELOPMENT])
def test_every_locked_package_has_its_hashes(name: str) -> None:
    """Each line pins one version and has a sha256 at least; none names an index."""
    locked = lines(f"{name}.lock")
    assert len(locked) == len(pins(f"{name}.lock"))
    for line in locked:
        hashes = re.findall(r"--hash=\S+", line)
        assert hashes, line
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", value) for value in hashes), line
    assert "://" not in (ROOT / f"{name}.lock").read_text()


@pytest.mark.parametrize("name", [RUNTIME, DEVELOPMENT])
def test_the_lock_holds_what_is_pinned(name: str) -> None:
    """Every version of a requirements file stands in its lock; `make lock` was not forgotten."""
    pinned, locked = pins(f"{name}.txt"), pins(f"{name}.lock")
    assert pinned
    assert {package: locked.get(package) for package in pinned.keys() - WITHOUT_HASH} == {
        package: version for package, version in pinned.items() if package not in WITHOUT_HASH
    }


def test_development_adds_to_what_runs() -> None:
    """The tests run with the versions that an operator gets."""
    assert pins(f"{RUNTIME}.lock").items() <= pins(f"{DEVELOPMENT}.lock").items()


@pytest.mark.parametrize("name", [RUNTIME, DEVELOPMENT])
def test_what_differs_between_builds_of_torch_is_not_locked(name: str) -> None:
    """Neither torch nor what only its builds for GPUs need: the CPU build would install that in vain."""
    locked = pins(f"{name}.lock")
    assert not locked.keys() & WITHOUT_HASH
    assert not [package for package in locked if OF_GPUS.match(package)]


@pytest.mark.parametrize(
    ("target", "lock", "without"),
    [(".venv/runtime", f"{RUNTIME}.lock", ["torch"]), (".venv/dev", f"{DEVELOPMENT}.lock", [])],
)
def test_the_makefile_installs_from_the_lock(target: str, lock: str, without: list[str]) -> None:
    """By hash and wheels only, then torch by its pin alone; then pip checks that nothing is missing."""
    makefile = (ROOT / "Makefile").read_text()
    [locked] = re.findall(r"^LOCKED := (.*)$", makefile, re.MULTILINE)
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} <= set(locked.split())
    [rule] = re.findall(rf"^{re.escape(target)}:.*\n(?:\t.*\n)+", makefile, re.MULTILINE)
    assert lock in rule.splitlines()[0]
    steps = [line for line in rule.splitlines() if re.search(r"\$\((INSTALL|LOCKED)\)|pip ", line)]
    assert [f"$(LOCKED) -r {lock}" in steps[0], "pip check" in steps[-1]] == [True, True]
    assert [re.findall(r"\^(\w+)==", step) for step in steps[1:-1]] == [[name] for name in without]
