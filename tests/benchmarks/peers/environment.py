"""The peers' own virtual environment, built on first use, and programs run in it."""

import os
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from tests.benchmarks.retrieval.corpus import ROOT, MissingDataError, data_folder

REQUIREMENTS = ROOT / "requirements-bench.txt"


def interpreter() -> Path:
    """Return the environment's Python, installed as requirements-bench.txt says. Raises MissingDataError."""
    folder = data_folder() / "venv"
    python, mark = folder / "bin" / "python", folder / "installed"
    wanted = sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if mark.exists() and mark.read_text() == wanted:
        return python
    torch = re.findall(r"^torch==\S+", REQUIREMENTS.read_text(), re.MULTILINE)
    steps = (
        [sys.executable, "-m", "venv", str(folder)],
        # First and by its exact pin: resolved as somebody's dependency it may become another build.
        [str(python), "-m", "pip", "install", "--quiet", *torch],
        [str(python), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)],
    )
    try:
        for step in steps:
            subprocess.run(step, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise MissingDataError(
            f"The peers could not be installed into {folder} ({error}): see what pip says above. "
            f"It needs a package index; {REQUIREMENTS.name} lists what."
        ) from error
    mark.write_text(wanted)
    return python


def environment(**variables: str) -> dict[str, str]:
    """Return the environment that peers run in: offline, keeping what they write in the data folder."""
    return {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",  # or tokenizers warn of every fork
        "CRAWL4AI_NO_CLOUD_NOTICE": "1",
        "CRAWL4_AI_BASE_DIRECTORY": str(data_folder()),
        "PYTHONPATH": str(ROOT),
        **variables,
    }


def run(module: str, *arguments: str) -> None:
    """Run a module of this package among the peers; raises CalledProcessError."""
    subprocess.run(
        [str(interpreter()), "-m", f"tests.benchmarks.peers.{module}", *arguments],
        check=True,
        env=environment(),
    )
