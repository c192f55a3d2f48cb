"""`python -m tests.benchmarks [names…] [--quick]`: measure, each figure beside a baseline of the same run."""

from tests.benchmarks import first_page, memory, recrawl, seed_latency
from tests.benchmarks.run import Benchmark, run

BENCHMARKS: dict[str, Benchmark] = {
    "seed_latency": seed_latency.measure,
    "first_page": first_page.measure,
    "memory": memory.measure,
    "recrawl": recrawl.measure,
}

run(BENCHMARKS, "tests.benchmarks", __doc__)
