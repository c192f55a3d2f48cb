"""`python -m tests.benchmarks.peers [--quick]`: pages a second end to end, beside Crawl4AI and LangChain."""

from tests.benchmarks.peers import speed
from tests.benchmarks.run import run

run({"speed": speed.measure}, "tests.benchmarks.peers", __doc__)
