"""`python -m tests.benchmarks.frontier [names…] [--quick]`: the frontier, beside stock scrapy-redis.

Both do the same work in the same run, on servers and sites of their own, on loopback.
"""

from tests.benchmarks import seed_latency
from tests.benchmarks.frontier import crash, fairness, footprint, idle, politeness, tenants
from tests.benchmarks.run import Benchmark, run

BENCHMARKS: dict[str, Benchmark] = {
    "fairness": fairness.measure,
    "fairness_default_delay": fairness.measure_default,
    "politeness": politeness.measure,
    "kill_worker": crash.kill_worker,
    "restart_redis": crash.restart_redis,
    "lose_power": crash.lose_power,
    "footprint": footprint.measure,
    "idle": idle.measure,
    "tenants": tenants.measure,
    "seed_latency": seed_latency.measure,
}

run(BENCHMARKS, "tests.benchmarks.frontier", __doc__)
