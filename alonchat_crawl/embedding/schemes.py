"""Names the schemes of vectors. Vectors of two schemes must not be compared, nor be in one page."""

from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from alonchat_crawl.embedding.model import find_model
from alonchat_crawl.errors import StartupError

WINDOWS_VERSION = 2  # raise it when windows are cut or prefixed differently
# Backends of one family give the same vectors: torch and onnx agree to 1e-5, which halfvec cannot store.
FAMILIES = {"torch": "fp32", "onnx": "fp32", "onnx-int8": "int8", "static": "static"}
GPU_DEVICES = (Path("/dev/nvidia0"), Path("/dev/kfd"))  # of CUDA and of ROCm


class Settings(Protocol):
    """Anything that is read like Scrapy's settings."""

    def __getitem__(self, name: str, /) -> Any:
        """Return the value of a declared setting."""


def scheme(settings: Settings) -> str:
    """Name everything that a vector depends on besides its text: model, revision, number format, windows.

    A model that cannot be loaded is named without a revision; nothing will be embedded by it.
    """
    name = settings["EMBEDDING_MODEL"]
    try:
        model = find_model(name)
    except StartupError:
        revised = name
    else:
        revised = f"{model.name}@{model.revision}"
    family = FAMILIES[chosen_backend(settings["EMBEDDING_BACKEND"])]
    return f"{revised}/{family}/{settings['WINDOW_TOKENS']}/{WINDOWS_VERSION}"


def chosen_backend(name: str) -> str:
    """Resolve `auto`: torch if it can use a GPU, else onnx-int8."""
    if name != "auto":
        return name
    return "torch" if _has_gpu() else "onnx-int8"


@cache
def _has_gpu() -> bool:
    """Whether there is a GPU and a torch built for GPUs. To ask torch itself would take seconds."""
    return any(device.exists() for device in GPU_DEVICES) and not version("torch").endswith("+cpu")
