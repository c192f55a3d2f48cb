"""`python -m alonchat_crawl.embedding.backends.build KIND MODEL TARGET`: build a backend's files.

KIND is onnx, onnx-int8 or static; MODEL and TARGET are folders. It runs in a separate process, because torch
never frees its memory.
"""

import sys
import warnings
from pathlib import Path


def main(kind: str, model: Path, target: Path) -> None:
    """Build the files. Any error ends the process."""
    warnings.simplefilter("ignore")  # the tools warn that they are deprecated
    if kind == "static":
        from alonchat_crawl.embedding.backends.static_build import distil  # noqa: PLC0415  imports only its tools

        distil(model, target)
    else:
        from alonchat_crawl.embedding.backends.onnx_build import export  # noqa: PLC0415

        export(model, target, int8=kind == "onnx-int8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
