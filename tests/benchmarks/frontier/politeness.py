"""Politeness with the program's default delay: five domains for a minute, three workers, delay 1 s.

The share of all requests, robots.txt and redirects included, that arrived less than a delay after the one
before to the same domain, and how much of what the delay allows was used, over all domains. The baseline
is scrapy-redis with the same delay.
"""

import time
from collections.abc import Iterator
from statistics import mean
from typing import NamedTuple

from tests.benchmarks.bench import Bench, until
from tests.benchmarks.frontier.crew import Crew
from tests.benchmarks.frontier.crews import CREWS
from tests.benchmarks.frontier.sites import gaps, percent_below, rate
from tests.benchmarks.results import Row
from tests.benchmarks.seed_latency import STOCK

DELAY_SECONDS = 1.0
DOMAINS = 5
PAGES = 300
SECONDS = 60


class Politeness(NamedTuple):
    """What one run came to."""

    strictly: float
    clearly: float
    rate: float


def measure(bench: Bench) -> Iterator[Row]:
    """Yield both shares and the rate."""
    runs = []
    for kind in CREWS:
        with kind.working(bench, DELAY_SECONDS) as crew:
            runs.append(_run(crew, SECONDS / 3 if bench.quick else SECONDS))
        bench.say(f"politeness: {kind.name}: {runs[-1]}")
    ours, stock = runs
    yield Row("delay 1 s: requests sooner than it", "%", [ours.strictly], STOCK, [stock.strictly])
    yield Row("delay 1 s: sooner than 0.9 × it", "%", [ours.clearly], STOCK, [stock.clearly])
    yield Row("delay 1 s: a domain's rate", "% of limit", [ours.rate], STOCK, [stock.rate])


def _run(crew: Crew, seconds: float) -> Politeness:
    sites = [crew.sites.site(2, number, PAGES) for number in range(DOMAINS)]
    crew.seed([site.url for site in sites])
    until(lambda: {site.url for site in sites} <= crew.sites.fetched())
    time.sleep(seconds)
    asked = list(crew.sites.read())
    apart = gaps(asked)
    return Politeness(
        strictly=percent_below(apart, DELAY_SECONDS),
        clearly=percent_below(apart, 0.9 * DELAY_SECONDS),
        rate=100
        * DELAY_SECONDS
        * mean(rate([each for each in asked if each.host == site.host]) for site in sites),
    )
