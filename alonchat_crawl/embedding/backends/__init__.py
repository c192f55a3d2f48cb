"""What computes vectors: `backend` is the interface; the others implement it, or build what they need."""

import os

# Unless this is set before it loads, onnxruntime 1.32 reports its use to its maker, also through a proxy.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
