"""`python -m tests.benchmarks [names…] [--quick]`: measure, each figure beside a baseline of the same run."""

import signal
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator

from rich.console import Console

from tests.benchmarks import first_page, memory, recrawl, seed_latency
from tests.benchmarks.bench import Bench
from tests.benchmarks.results import Row, table

BENCHMARKS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "seed_latency": seed_latency.measure,
    "first_page": first_page.measure,
    "memory": memory.measure,
    "recrawl": recrawl.measure,
}


def main() -> None:
    """Run the named benchmarks, or all; print what was measured, also where that was cut short."""
    parser = ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="fewer rounds and pages: to try it out")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - BENCHMARKS.keys():
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that servers are stopped
    rows: list[Row] = []
    try:
        with Bench.running(quick=arguments.quick) as bench:
            for name in arguments.names or BENCHMARKS:
                for row in BENCHMARKS[name](bench):
                    bench.say(f"{name}: {row}")
                    rows.append(row)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    finally:
        if rows:
            Console(width=None if sys.stdout.isatty() else 160).print(table(rows))


main()
