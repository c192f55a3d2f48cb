"""`python -m tests.benchmarks.extraction [names…] [--quick]`: how well and how fast pages become Markdown.

Data sets are kept under .bench, or where BENCH_DATA says, and fetched there when they are missing.
"""

from tests.benchmarks.extraction import articles, speed, structure, web
from tests.benchmarks.run import Benchmark, run

BENCHMARKS: dict[str, Benchmark] = {
    "web_dev": web.measure_dev,
    "web_test": web.measure_test,
    "articles": articles.measure,
    "structure": structure.measure,
    "speed": speed.measure,
}

run(BENCHMARKS, "tests.benchmarks.extraction", __doc__)
