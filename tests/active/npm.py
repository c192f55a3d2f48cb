"""Installs the renderers beside this file, exactly those of package-lock.json: python -m tests.active.npm."""

import subprocess
import sys

from tests.active.renderers import HOME, npm

COMMAND = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]

sys.exit(subprocess.run([*npm(), *COMMAND], cwd=HOME, check=False).returncode)
