"""One target under atheris, until libFuzzer ends the process: python -m tests.fuzz.child TARGET [options]."""

import sys

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore] # only where it is fuzzed

with atheris.instrument_imports(include=["alonchat_crawl", "pipelines"]):
    from tests.fuzz.targets import TARGETS

_, name, *options = sys.argv
target = TARGETS[name]


def run(data: bytes) -> None:
    """Give the fuzzer no value: it would be taken for a verdict on the input."""
    target(data)


atheris.Setup([sys.argv[0], *options], run)
atheris.Fuzz()
