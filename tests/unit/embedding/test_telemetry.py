"""No library of ours reports to its maker."""

import os
import subprocess
import sys


def test_onnxruntime_is_told_to_report_nothing() -> None:
    """Its reports are off before it loads, whoever imports a backend and whatever was set before."""
    program = (
        "import os, sys\n"
        "import alonchat_crawl.embedding.backends\n"
        "assert 'onnxruntime' not in sys.modules\n"
        "import alonchat_crawl.embedding.backends.onnx_backend\n"
        "print(os.environ['ORT_DISABLE_TELEMETRY'])\n"
    )
    environment = os.environ | {"ORT_DISABLE_TELEMETRY": "0"}
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["1"]
