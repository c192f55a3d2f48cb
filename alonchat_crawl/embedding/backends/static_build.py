"""Computes a vector for each token of a vocabulary, by model2vec. It takes minutes on two cores, once."""

from pathlib import Path

from model2vec.distill import distill_from_model
from transformers import AutoModel, PreTrainedTokenizerFast

PCA_WIDTH = 256  # model2vec's default; the vectors are padded with zeros, which changes no cosine


def distil(model: Path, target: Path) -> None:
    """Write the table and its tokenizer into the folder `target`."""
    bert = AutoModel.from_pretrained(str(model), local_files_only=True)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(str(model), local_files_only=True)
    distill_from_model(bert, tokenizer, device="cpu", pca_dims=PCA_WIDTH).save_pretrained(target)
