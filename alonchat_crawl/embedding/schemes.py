"""The name under which vectors are stored: two that differ must not be compared, nor kept in one page."""

from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from alonchat_crawl.embedding.model import find_model
from alonchat_crawl.errors import StartupError

WINDOWS_VERSION = 2  # of how windows are cut and prefixed
# What a backend's vectors are alike to. torch and onnx agree to 1e-5, which halfvec cannot even hold.
FAMILIES = {"torch": "fp32", "onnx": "fp32", "onnx-int8": "int8", "static": "static"}
GPU_DEVICES = (Path("/dev/nvidia0"), Path("/dev/kfd"))  # of CUDA and of ROCm


class Settings(Protocol):
    """Anything that is read like Scrapy's settings."""

    def __getitem__(self, name: str, /) -> Any:
        """Return the value of a declared setting."""


def scheme(settings: Settings) -> str:
    """Name all that a vector depends on but its text: model, revision, kind of numbers, windows.

    A model that cannot be had is named too, without a revision: nothing will be embedded by it.
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
    """Resolve `auto`: torch where it can use a GPU, otherwise onnx-int8."""
    if name != "auto":
        return name
    return "torch" if _has_gpu() else "onnx-int8"


@cache
def _has_gpu() -> bool:
    """Whether there is a GPU and a torch made for it; torch itself would take seconds to ask."""
    return any(device.exists() for device in GPU_DEVICES) and not version("torch").endswith("+cpu")
