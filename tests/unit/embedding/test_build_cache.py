"""What is built once and kept: by one of many, whole or not at all, again where it is broken."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from alonchat_crawl.embedding.backends.build_cache import built_folder, open_built
from alonchat_crawl.embedding.model import Model
from alonchat_crawl.errors import StartupError

MODEL = Model("org/name", Path("/nowhere"), "1")


def load(folder: Path) -> str:
    """Read what was built; raises ValueError where it is broken."""
    text = (folder / "file").read_text()
    if text != "whole":
        raise ValueError(text)
    return text


class Builder:
    """Builds slowly, and counts."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, folder: Path) -> None:
        """Write what `load` reads."""
        self.times += 1
        time.sleep(0.1)
        (folder / "file").write_text("whole")


def test_built_by_one(tmp_path: Path) -> None:
    """Of many that ask at once one builds; nothing but the folder and its lock is left."""
    build = Builder()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: open_built(tmp_path / "models" / "a", build, load), range(8)))
    assert found == ["whole"] * 8
    assert build.times == 1
    assert {path.name for path in (tmp_path / "models").iterdir()} <= {"a", "a.lock"}


@pytest.mark.parametrize("text", ["", "half"])
def test_broken_is_built_again(tmp_path: Path, text: str) -> None:
    """A file that cannot be read, or a folder without it, is replaced."""
    (tmp_path / "a").mkdir()
    if text:
        (tmp_path / "a" / "file").write_text(text)
    build = Builder()
    assert open_built(tmp_path / "a", build, load) == "whole"
    assert open_built(tmp_path / "a", build, load) == "whole"
    assert build.times == 1


def test_failed_build_leaves_nothing(tmp_path: Path) -> None:
    """A build that fails is no half-built model for the next process."""

    def fail(folder: Path) -> None:
        (folder / "file").write_text("half")
        raise StartupError("no")

    with pytest.raises(StartupError, match="no"):
        open_built(tmp_path / "a", fail, load)
    assert {path.name for path in tmp_path.iterdir()} <= {"a.lock"}


def test_remains_of_a_killed_build_go(tmp_path: Path) -> None:
    """What a killed process had begun to build does not fill the disk; another model's is not touched."""
    for name in ("a.x1y2", "b.x1y2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("half")
    assert open_built(tmp_path / "a", Builder(), load) == "whole"
    assert {path.name for path in tmp_path.iterdir()} <= {"a", "a.lock", "b.x1y2"}


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """The sentence names the variable that says where to."""
    (tmp_path / "models").write_text("a file")
    with pytest.raises(StartupError, match="EMBEDDING_MODELS_DIR"):
        open_built(tmp_path / "models" / "a", Builder(), load)


def test_names(tmp_path: Path) -> None:
    """Another revision, backend or tool has another folder, and no name leaves the models' folder."""
    names = {
        built_folder(MODEL, "onnx", "1", tmp_path),
        built_folder(MODEL, "onnx", "2", tmp_path),
        built_folder(MODEL, "static", "1", tmp_path),
        built_folder(Model("org/name", Path("/nowhere"), "2"), "onnx", "1", tmp_path),
        built_folder(Model("../../etc", Path("/nowhere"), "1"), "onnx", "1", tmp_path),
    }
    assert len(names) == 5
    assert {folder.parent for folder in names} == {tmp_path}
