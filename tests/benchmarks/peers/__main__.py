"""`python -m tests.benchmarks.peers [--quick]`: pages a second end to end, beside Crawl4AI and LangChain."""

import sys

from tests.benchmarks.peers import speed
from tests.benchmarks.retrieval.corpus import MissingDataError
from tests.benchmarks.run import run

try:
    run({"speed": speed.measure}, "tests.benchmarks.peers", __doc__)
except MissingDataError as error:
    sys.exit(str(error))
