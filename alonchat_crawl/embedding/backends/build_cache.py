"""The files of a backend, which one process builds from the model once, and keeps in a folder."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

from filelock import FileLock

from alonchat_crawl.embedding.model import Model
from alonchat_crawl.errors import StartupError

BUILD_VERSION = 1  # raise it when `build` changes; files of another version are not used
BUILD_SECONDS = 900  # a build takes 10 to 20 s on an idle machine; one that takes longer hangs
Opened = TypeVar("Opened")


def built_folder(model: Model, backend: str, tool_version: str, models_dir: Path) -> Path:
    """Return the folder of a built model, which differs for each revision and tool version."""
    name = f"{model.name}-{model.revision}-{backend}-{tool_version}-{BUILD_VERSION}"
    return models_dir / re.sub(r"[^A-Za-z0-9._-]", "-", name)


def open_built(folder: Path, build: Callable[[Path], None], load: Callable[[Path], Opened]) -> Opened:
    """Load the folder; if it is missing or broken, build it first. Raises StartupError.

    If several processes ask at once, one builds and the others wait.
    """
    found = _loaded(folder, load)
    if found is not None:
        return found
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            found = _loaded(folder, load)  # another process may have built it meanwhile
            if found is not None:
                return found
            _replace(folder, build)
            return load(folder)
    except OSError as error:
        raise StartupError(
            f"The model cannot be kept under {folder.parent} ({error.strerror or error}): make that folder "
            "writable, or name another by EMBEDDING_MODELS_DIR."
        ) from error


def _loaded(folder: Path, load: Callable[[Path], Opened]) -> Opened | None:
    if not folder.exists():
        return None
    try:
        return load(folder)
    except Exception:  # noqa: BLE001  after any error it is built again
        return None


def _replace(folder: Path, build: Callable[[Path], None]) -> None:
    """Build in another folder, then rename it, so that the folder is always complete."""
    for left in folder.parent.glob(f"{folder.name}.*/"):  # left by a killed process, since we hold the lock
        shutil.rmtree(left, ignore_errors=True)
    new = Path(mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        build(new)
        new.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def build_in_another_process(kind: str, model: Model, target: Path) -> None:
    """Run `build` in another process, so that torch's 1 GB is freed afterwards. Raises StartupError."""
    done = subprocess.run(  # noqa: S603  no shell, and our own arguments
        [
            sys.executable,
            "-m",
            "alonchat_crawl.embedding.backends.build",
            kind,
            str(model.folder),
            str(target),
        ],
        # The same modules as in this process, even if the program was loaded from an egg.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HF_HUB_OFFLINE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it was killed"])[-1]
        raise StartupError(
            f"EMBEDDING_MODEL={model.name!r} cannot be built for EMBEDDING_BACKEND={kind} ({reason}): "
            "set EMBEDDING_BACKEND=torch."
        )
