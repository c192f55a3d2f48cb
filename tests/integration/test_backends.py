"""What computes vectors: all say nearly the same, and what is built of a model is built anew if it breaks."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from alonchat_crawl.embedding import BUNDLED_MODEL, Embedder, Vectors
from alonchat_crawl.embedding.backends.build_cache import build_in_another_process
from alonchat_crawl.embedding.backends.onnx_backend import GRAPH
from alonchat_crawl.embedding.model import Model, find_model
from alonchat_crawl.errors import StartupError
from alonchat_crawl.settings import EMBEDDING_MODELS_DIR
from tests.support.tiny_model import make_tiny_model

pytestmark = pytest.mark.slow

TEXTS = [
    "The invoice is sent on the first working day of every month.",
    "def connect(host: str, port: int = 5432, *, timeout: float | None = None) -> Connection:",
    "Usage › Options\n- `--depth N`: how many links to follow (default 50)\n- `--pages N`: how many to store",
    "Straße, naïve, 東京, ελληνικά, русский язык; £5 – €7…",
    "word " * 300,
    "?",
]


def embedded(backend: str, model: str, models_dir: Path) -> Vectors:
    """Embed the texts by a fresh embedder."""
    return Embedder(model, backend, 128, 4, models_dir).embed(TEXTS)


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that is quickly built."""
    folder = tmp_path_factory.mktemp("tiny") / "tiny"
    make_tiny_model(folder)
    return folder


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this module's models are built."""
    return tmp_path_factory.mktemp("models")


@pytest.mark.parametrize(
    ("backend", "mean", "least"), [("onnx", 0.99999, 0.9999), ("onnx-int8", 0.985, 0.97)]
)
def test_onnx_says_what_torch_says(backend: str, mean: float, least: float) -> None:
    """By cosine, text for text: fp32 the same, int8 nearly; in order and normalised."""
    expected = embedded("torch", BUNDLED_MODEL, EMBEDDING_MODELS_DIR)
    vectors = embedded(backend, BUNDLED_MODEL, EMBEDDING_MODELS_DIR)
    cosines = np.sum(vectors * expected, axis=1)
    assert cosines.mean() > mean
    assert cosines.min() > least
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_torch_where_it_is_built() -> None:
    """A process that finds the model built imports neither torch nor transformers to embed."""
    embedded("onnx-int8", BUNDLED_MODEL, EMBEDDING_MODELS_DIR)
    code = (
        "import sys; from pathlib import Path; from alonchat_crawl.embedding import Embedder;"
        f"models = Path({str(EMBEDDING_MODELS_DIR)!r});"
        f"Embedder({BUNDLED_MODEL!r}, 'onnx-int8', 128, 8, models).embed_query('x');"
        "sys.exit(bool({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 0


def test_static(tiny_model: Path, models_dir: Path) -> None:
    """The static table gives normalised vectors of the table's width; the order of words does not matter."""
    embedder = Embedder(str(tiny_model), "static", 128, 8, models_dir)
    vectors = embedder.embed(["one two three", "three two one", "house", "", "東京"])
    assert vectors.shape == (5, 384)
    assert vectors.dtype == np.dtype("float32")
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.999
    assert vectors[0] @ vectors[2] < 0.9
    assert len(embedder.cut("", (), "word " * 300).windows) == 3  # by the model's own tokenizer


def test_broken_file_is_built_again(tiny_model: Path, models_dir: Path) -> None:
    """A model of which half was lost costs a build, not the start."""
    expected = embedded("onnx", str(tiny_model), models_dir)
    revision = find_model(str(tiny_model)).revision
    [graph] = models_dir.glob(f"*-{revision}-onnx-onnxruntime-*/{GRAPH}")
    graph.write_bytes(graph.read_bytes()[: graph.stat().st_size // 2])
    assert np.allclose(embedded("onnx", str(tiny_model), models_dir), expected, atol=1e-6)


def test_other_weights_are_another_model(tiny_model: Path, models_dir: Path, tmp_path: Path) -> None:
    """What was built of a folder is not used for another of the same name and other weights."""
    other = tmp_path / tiny_model.name
    make_tiny_model(other, seed=2)
    first, second = (embedded("onnx", str(folder), models_dir) for folder in (tiny_model, other))
    assert not np.allclose(first, second, atol=0.1)


def test_error_of_the_building_process(tmp_path: Path) -> None:
    """Whatever goes wrong in it becomes one sentence with the way out."""
    model = Model("org/name", Path("/nowhere"), "1")
    with pytest.raises(StartupError, match=r"^EMBEDDING_MODEL='org/name' .*EMBEDDING_BACKEND=torch\.$"):
        build_in_another_process("onnx", model, tmp_path)


@pytest.mark.parametrize("backend", ["onnx", "onnx-int8", "static"])
def test_model_of_another_kind(tiny_model: Path, models_dir: Path, tmp_path: Path, backend: str) -> None:
    """A model that these backends would compute differently is refused, with the way out."""
    other = shutil.copytree(tiny_model, tmp_path / "other")
    (other / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    with pytest.raises(StartupError, match=r"^EMBEDDING_MODEL=.* set EMBEDDING_BACKEND=torch\.$"):
        Embedder(str(other), backend, 128, 8, models_dir).load()
