"""What computes vectors: `backend` is the interface; the others implement it, or build what they need."""

import os

# onnxruntime reports its use to its maker from 1.32 on, also through a proxy, unless this is set before it loads.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
