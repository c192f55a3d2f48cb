"""Asks pip-audit for known weaknesses of all that is installed, also what came with others: `make audit`.

Ends with 0 where there are none, with 1 where there are, and with 3 where the data cannot be had: that says
nothing of the dependencies, so it must not look like either.
"""

import json
import subprocess
import sys

COMMAND = [
    sys.executable,
    "-m",
    "pip_audit",
    "--local",
    "--format=json",
    "--progress-spinner=off",
    "--timeout=15",
]
FOUND, NO_DATA = 1, 3


def verdict(code: int, out: str, err: str) -> tuple[int, str]:
    """What pip-audit's exit code and words mean: our exit code, and what to say."""
    try:
        dependencies = json.loads(out)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (err.strip().splitlines() or [f"pip-audit ended with {code} and said nothing."])[-1]
        return NO_DATA, f"The data of known weaknesses cannot be had, so nothing was checked: {last}"
    weak = [
        f"{one['name']} {one['version']}: {known['id']}"
        + (f", mended in {', '.join(known['fix_versions'])}" if known.get("fix_versions") else "")
        for one in dependencies
        for known in one.get("vulns", ())
    ]
    skipped = [one["name"] for one in dependencies if "skip_reason" in one]
    checked = len(dependencies) - len(skipped)
    told = [f"Not checked: {', '.join(skipped)}."] if skipped else []
    if weak:
        return FOUND, "\n".join([*weak, *told])
    if not checked:
        return NO_DATA, "The data of known weaknesses cannot be had: of no dependency is anything known."
    return 0, "\n".join([f"{checked} dependencies, no known weakness.", *told])


def main() -> int:
    """Ask, and say what came of it."""
    ran = subprocess.run(COMMAND, capture_output=True, text=True, check=False)
    code, said = verdict(ran.returncode, ran.stdout, ran.stderr)
    (sys.stderr if code else sys.stdout).write(f"{said}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
