"""`python -m tests.benchmarks [names…] [--quick]`: measure, each figure beside a baseline of the same run."""

from tests.benchmarks import (
    chunking,
    embedding,
    first_page,
    memory,
    recrawl,
    searching,
    seed_latency,
    storing,
)
from tests.benchmarks.run import Benchmark, run

BENCHMARKS: dict[str, Benchmark] = {
    "seed_latency": seed_latency.measure,
    "first_page": first_page.measure,
    "chunking": chunking.measure,
    "embedding": embedding.measure,
    "storing": storing.measure,
    "searching": searching.measure,
    "memory": memory.measure,
    "recrawl": recrawl.measure,
}

run(BENCHMARKS, "tests.benchmarks", __doc__)
