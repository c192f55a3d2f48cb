"""Fuzzes each target for a while: python -m tests.fuzz [TARGET … | all] [seconds for each].

What was interesting stays in .bench/fuzz/TARGET for the next run; an input that broke something lies in
.bench/fuzz/found, and `python -m tests.fuzz.child TARGET FILE` runs it alone. Ends with 1 where any did.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.fuzz.targets import TARGETS, seeds

HOME = Path(__file__).parents[2] / ".bench" / "fuzz"
SECONDS = 60
RSS_MB = 2048
INPUT_SECONDS = 20
INPUT_BYTES = 8192


def fuzz(name: str, seconds: int) -> bool:
    """Run one target; whether nothing broke."""
    corpus, found = HOME / name, HOME / "found"
    corpus.mkdir(parents=True, exist_ok=True)
    found.mkdir(exist_ok=True)
    good = seeds(name)
    for number, body in enumerate(good):
        (corpus / f"seed-{number}").write_bytes(body)
    options = {
        "max_total_time": seconds,
        "timeout": INPUT_SECONDS,
        "rss_limit_mb": RSS_MB,
        "max_len": max(INPUT_BYTES, 2 * max(map(len, good))),
        "artifact_prefix": f"{found}/{name}-",
        "print_final_stats": 1,
    }
    ran = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.child", name, str(corpus)]
        + [f"-{option}={value}" for option, value in options.items()],
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )
    executed = [line.split()[-1] for line in ran.stderr.splitlines() if "number_of_executed_units" in line]
    if ran.returncode == 0 and executed:
        _say(f"{name:12} {executed[0]:>9} inputs, nothing found")
        return True
    tail = "\n  ".join(line for line in ran.stderr.splitlines()[-40:] if line.strip())
    _say(f"{name:12} FAILED ({ran.returncode})\n  {tail}")
    return False


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the targets named, or all."""
    named, seconds = sys.argv[1:2], int(sys.argv[2]) if sys.argv[2:] else SECONDS
    names = list(TARGETS) if named in ([], ["all"]) else named
    if unknown := set(names) - set(TARGETS):
        _say(f"There is no target {', '.join(unknown)}: {', '.join(TARGETS)}")
        return 2
    sound = [fuzz(name, seconds) for name in names]
    return 0 if all(sound) else 1


sys.exit(main())
