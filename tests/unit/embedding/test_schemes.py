"""What vectors are called, and what `auto` stands for: tables."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alonchat_crawl.embedding import BUNDLED_MODEL, scheme, schemes
from alonchat_crawl.embedding.model import find_model
from alonchat_crawl.embedding.schemes import chosen_backend

BASE = {"EMBEDDING_MODEL": BUNDLED_MODEL, "EMBEDDING_BACKEND": "onnx-int8", "WINDOW_TOKENS": 128}


@pytest.fixture(autouse=True)
def ask_anew() -> Iterator[None]:
    """The answer is kept for the life of a process; here it changes."""
    schemes._has_gpu.cache_clear()
    yield
    schemes._has_gpu.cache_clear()


@pytest.mark.parametrize(
    ("device", "torch", "backend"),
    [
        ("nvidia0", "2.13.0+cu130", "torch"),
        ("nvidia0", "2.13.0", "torch"),  # as PyPI names its CUDA build
        ("nvidia0", "2.13.0+cpu", "onnx-int8"),
        ("", "2.13.0+cu130", "onnx-int8"),
        ("", "2.13.0+cpu", "onnx-int8"),
    ],
)
def test_auto(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, device: str, torch: str, backend: str) -> None:
    """It is torch only where there are both a GPU and a torch that was built for one."""
    node = tmp_path / (device or "none")
    if device:
        node.touch()
    monkeypatch.setattr(schemes, "GPU_DEVICES", (node,))
    monkeypatch.setattr(schemes, "version", lambda _: torch)
    assert chosen_backend("auto") == backend
    assert chosen_backend("static") == "static"


@pytest.mark.parametrize(
    "other",
    [
        {"WINDOW_TOKENS": 64},
        {"EMBEDDING_MODEL": "nobody/such-model"},
        {"EMBEDDING_BACKEND": "torch"},
        {"EMBEDDING_BACKEND": "static"},
    ],
)
def test_what_cannot_be_compared(other: dict[str, object]) -> None:
    """Another model, kind of numbers or window makes another scheme."""
    assert scheme({**BASE, **other}) != scheme(BASE)


def test_what_can() -> None:
    """The same settings, and backends that agree to the last bit that is stored, have one scheme."""
    assert scheme(BASE) == scheme(dict(BASE))
    assert scheme({**BASE, "EMBEDDING_BACKEND": "torch"}) == scheme({**BASE, "EMBEDDING_BACKEND": "onnx"})


def test_revision_follows_the_files(tmp_path: Path) -> None:
    """A folder's revision is of what lies in it, not of its path."""
    for name, weights in (("a/model", b"1"), ("b/model", b"1"), ("c/model", b"2")):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "config.json").write_text("{}")
        (tmp_path / name / "model.safetensors").write_bytes(weights)
    first, same, other = (find_model(str(tmp_path / name / "model")) for name in "abc")
    assert first.name == "model"
    assert first.revision == same.revision != other.revision
