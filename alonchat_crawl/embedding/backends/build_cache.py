"""What a backend needs is built from the model once, by one process, and kept under a folder."""

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

BUILD_VERSION = 1  # of `build`: what another one built is not used
BUILD_SECONDS = 900  # 10 to 20 on an idle machine; one that takes this long hangs
Opened = TypeVar("Opened")


def built_folder(model: Model, backend: str, tool_version: str, models_dir: Path) -> Path:
    """Name where the built model lies: another revision or tool has another folder."""
    name = f"{model.name}-{model.revision}-{backend}-{tool_version}-{BUILD_VERSION}"
    return models_dir / re.sub(r"[^A-Za-z0-9._-]", "-", name)


def open_built(folder: Path, build: Callable[[Path], None], load: Callable[[Path], Opened]) -> Opened:
    """Load what lies in the folder; where it is absent or broken, build it first.

    Any number of processes may ask at once: one builds, the others wait for it. Raises StartupError.
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
    except Exception:  # noqa: BLE001  what cannot be loaded for whatever reason is built again
        return None


def _replace(folder: Path, build: Callable[[Path], None]) -> None:
    """Build beside the folder and rename: what is there is always whole."""
    for left in folder.parent.glob(f"{folder.name}.*/"):  # by a process that was killed: the lock is ours
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
    """Run `build`, which takes torch's 9 s and 1 GB: they end with that process. Raises StartupError."""
    done = subprocess.run(  # noqa: S603  no shell, and our own arguments
        [
            sys.executable,
            "-m",
            "alonchat_crawl.embedding.backends.build",
            kind,
            str(model.folder),
            str(target),
        ],
        # Found there as here, also where this program was loaded out of an egg.
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
