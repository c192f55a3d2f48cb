"""`python -m tests.benchmarks [names…] [--quick]`: measure, each figure beside a baseline of the same run."""

from tests.benchmarks import (
    blocklist,
    chunking,
    crawl_cpu,
    embedding,
    files,
    first_page,
    memory,
    plans,
    recrawl,
    sandbox,
    scanning,
    searching,
    seed_latency,
    storing,
)
from tests.benchmarks.run import Benchmark, run

BENCHMARKS: dict[str, Benchmark] = {
    "seed_latency": seed_latency.measure,
    "first_page": first_page.measure,
    "chunking": chunking.measure,
    "sandbox": sandbox.measure,
    "files": files.measure,
    "embedding": embedding.measure,
    "storing": storing.measure,
    "searching": searching.measure,
    "plans": plans.measure,
    "scanning": scanning.measure,
    "memory": memory.measure,
    "crawl_cpu": crawl_cpu.measure,
    "recrawl": recrawl.measure,
    "blocklist": blocklist.measure,
}

run(BENCHMARKS, "tests.benchmarks", __doc__)
