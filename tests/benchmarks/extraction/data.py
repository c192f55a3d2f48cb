"""Where the data sets are, and how they get there: public repositories and Debian packages."""

import os
import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

FOLDER = Path(os.environ.get("BENCH_DATA") or Path(__file__).parents[3] / ".bench")
WEB = ("Murrough-Foley/web-content-extraction-benchmark", "c039d5ee9f5a3a984a0e167e63aacd04e76e78a9")
ARTICLES = ("scrapinghub/article-extraction-benchmark", "4a3bc979f76c0df73cb95fe272e2fc1b96f9f010")
SECONDS = 900


class NoDataError(RuntimeError):
    """A data set cannot be had."""


def repository(name: str, commit: str) -> Path:
    """Return a checkout of a GitHub repository; clone it at `commit` where there is none."""
    folder = FOLDER / name.partition("/")[2]
    if not folder.exists():
        folder.mkdir(parents=True)
        _run("git", "init", "-q", folder=folder)
        _run("git", "fetch", "-q", "--depth=1", f"https://github.com/{name}", commit, folder=folder)
        _run("git", "checkout", "-q", "FETCH_HEAD", folder=folder)
    return folder


def debian_package(name: str) -> Path:
    """Return the unpacked files of a Debian package; download it where it is missing."""
    folder = FOLDER / "debian" / name
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        if not list(folder.parent.glob(f"{name}_*.deb")):
            _run("apt-get", "download", name, folder=folder.parent)
        archive = max(folder.parent.glob(f"{name}_*.deb"))
        _run("dpkg", "-x", str(archive), str(folder), folder=folder.parent)
    return folder


def evaluator(folder: Path) -> ModuleType:
    """Import a data set's own evaluate.py."""
    spec = spec_from_file_location(f"evaluate_{folder.name.replace('-', '_')}", folder / "evaluate.py")
    if spec is None or spec.loader is None:
        raise NoDataError(f"{folder} has no evaluate.py: remove the folder to have it fetched again.")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _run(*command: str, folder: Path) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, timeout=SECONDS, capture_output=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise NoDataError(
            f"{' '.join(command)} failed in {folder}: {error}. Get the data by hand, or set BENCH_DATA to a "
            "folder that has it."
        ) from error
