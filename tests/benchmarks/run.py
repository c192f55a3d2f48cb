"""The command line of every set of benchmarks: which to run, and the table at the end."""

import signal
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping

from rich.console import Console

from tests.benchmarks.bench import Bench
from tests.benchmarks.results import Row, table

Benchmark = Callable[[Bench], Iterator[Row]]


def run(benchmarks: Mapping[str, Benchmark], program: str, description: str | None) -> None:
    """Run the named benchmarks, or all; print what was measured, also where that was cut short."""
    parser = ArgumentParser(prog=f"python -m {program}", description=description)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(benchmarks))
    parser.add_argument("--quick", action="store_true", help="fewer rounds and pages: to try it out")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - benchmarks.keys():
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that servers are stopped
    rows: list[Row] = []
    try:
        with Bench.running(quick=arguments.quick) as bench:
            for name in arguments.names or benchmarks:
                for row in benchmarks[name](bench):
                    bench.say(f"{name}: {row}")
                    rows.append(row)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    finally:
        if rows:
            Console(width=None if sys.stdout.isatty() else 160).print(table(rows))
