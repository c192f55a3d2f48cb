"""Checks that onnx and static can be built from a model: it must be a BERT, mean-pooled and normalised."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alonchat_crawl.embedding.model import Model
from alonchat_crawl.errors import StartupError

MODULES = ["Transformer", "Pooling", "Normalize"]


@dataclass(frozen=True, slots=True)
class Bert:
    """What backends need to know about such a model."""

    folder: Path
    max_tokens: int
    """How many tokens of a text it reads, including special ones."""


def read_bert(model: Model) -> Bert:
    """Read a model's configuration. Raises StartupError if it is no suitable model."""
    try:
        modules = _json(model.folder / "modules.json")
        kinds = [module["type"].rsplit(".", 1)[-1] for module in modules]
        config = _json(model.folder / "config.json")
        pooling = _json(model.folder / modules[1]["path"] / "config.json")
        same = (
            kinds == MODULES
            and config["model_type"] == "bert"
            and _pooled_by(pooling) == {"mean"}
            and not modules[0]["path"]
            and not _prompt(model.folder)
            and (model.folder / "tokenizer.json").exists()
        )
        read = _json(model.folder / "sentence_bert_config.json").get("max_seq_length")
        most = config["max_position_embeddings"]
        bert = Bert(model.folder, min(read or most, most))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # its files have another format
        same = False
    if not same:
        raise StartupError(
            f"EMBEDDING_MODEL={model.name!r} is no BERT with mean pooling and normalised vectors, which onnx "
            "and static are built from: set EMBEDDING_BACKEND=torch."
        )
    return bert


def _json(path: Path) -> Any:
    return json.loads(path.read_text())


def _pooled_by(pooling: dict[str, Any]) -> set[str]:
    """Return the kinds of pooling. Old files have a flag for each kind, new ones name them."""
    named = pooling.get("pooling_mode")
    if named is not None:
        return {named} if isinstance(named, str) else set(named)
    flags = {name for name, value in pooling.items() if name.startswith("pooling_mode_") and value is True}
    return {name.removeprefix("pooling_mode_").removesuffix("_tokens") for name in flags}


def _prompt(folder: Path) -> object:
    """Return the prompt that sentence-transformers would put before every text; most models have None."""
    path = folder / "config_sentence_transformers.json"
    return _json(path).get("default_prompt_name") if path.exists() else None
