"""Turns a BERT into a fused ONNX graph, with torch's exporter and onnxruntime's optimiser and quantiser."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.fusion_options import FusionOptions
from onnxruntime.transformers.optimizer import optimize_model
from torch import Tensor, nn
from transformers import AutoModel

from alonchat_crawl.embedding.backends.onnx_backend import GRAPH

OPSET = 17  # supported by the fusions
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class Pooled(nn.Module):
    """Maps tokens to the normalised mean of their last layer."""

    def __init__(self, bert: nn.Module) -> None:
        super().__init__()
        self.bert = bert

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> Tensor:
        """Take int64[texts, tokens] each; return float32[texts, width]."""
        hidden = self.bert(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
        return nn.functional.normalize(mean, dim=-1)


def export(model: Path, target: Path, *, int8: bool) -> None:
    """Write the graph of the model into the folder `target`."""
    # With the default attention, no layer can be fused.
    bert = AutoModel.from_pretrained(str(model), attn_implementation="eager", local_files_only=True).eval()
    with TemporaryDirectory(dir=target) as name:
        plain, fused = Path(name) / "plain.onnx", Path(name) / "fused.onnx"
        _export(bert, plain)
        _fuse(plain, bert.config, fused)
        if int8:
            _quantise(fused, target / GRAPH)
        else:
            fused.rename(target / GRAPH)


def _export(bert: Any, path: Path) -> None:
    ids = torch.ones(2, 8, dtype=torch.int64)
    torch.onnx.export(
        Pooled(bert),
        (ids, ids, torch.zeros_like(ids)),
        str(path),
        dynamo=False,  # the newer exporter's graph matches no fusion
        opset_version=OPSET,
        input_names=list(INPUTS),
        output_names=["vectors"],
        dynamic_axes={**{name: {0: "texts", 1: "tokens"} for name in INPUTS}, "vectors": {0: "texts"}},
    )


def _fuse(plain: Path, config: Any, fused: Path) -> None:
    found = optimize_model(
        str(plain),
        model_type="bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
        opt_level=0,
        optimization_options=FusionOptions("bert"),
    )
    attentions = found.get_fused_operator_statistics()["Attention"]
    if attentions != config.num_hidden_layers:
        raise RuntimeError(f"{attentions} of {config.num_hidden_layers} layers could be fused")
    found.save_model_to_file(str(fused))


def _quantise(fused: Path, path: Path) -> None:
    """Quantise the matrices, with a scale for each column. Activations are quantised at run time."""
    quantize_dynamic(
        str(fused),
        str(path),
        op_types_to_quantize=["MatMul", "Attention"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )
