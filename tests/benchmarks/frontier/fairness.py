"""Fairness and politeness: a domain with many pages is being crawled when 50 small ones are seeded.

Three workers of 16 concurrent requests, with a delay of 0.2 s and, in a run of its own, with the program's
default of 1 s. The time from the push of the small domains' seeds until the last of their pages arrived at
the sites is divided by the ideal: one after the other, a delay apart, the requests that a small domain
takes (robots.txt, front page, 10 pages, a redirect's target). 0.2 s is 250 requests a second in all, which
may be more than the machine's processors bear: how busy they were stands beside it. In the same run: which
share of all requests to all domains, robots.txt and redirects included, arrived less than a delay after
the one before to the same domain; and the rate at which the big domain was asked, from its tenth page on,
as a share of what its delay allows. The baseline is scrapy-redis, same work.
"""

from collections.abc import Iterator
from time import monotonic
from typing import NamedTuple

import psutil

from tests.benchmarks.bench import Bench, happens, until
from tests.benchmarks.frontier.crew import Crew
from tests.benchmarks.frontier.crews import CREWS
from tests.benchmarks.frontier.sites import gaps, percent_below, rate
from tests.benchmarks.results import Row
from tests.benchmarks.seed_latency import STOCK

ROUNDS = 3
SMALL_DOMAINS = 50
SMALL_PAGES = 10
AT_MOST_SECONDS = 180  # that are waited for the small domains
STEADY_SECONDS = 45  # that the big domain is watched for


class Pace(NamedTuple):
    """What differs between the two runs."""

    delay_seconds: float
    big_pages: int


class Fairness(NamedTuple):
    """What one run came to."""

    multiple: float
    busy: float
    strictly: float
    clearly: float
    rate: float


def measure(bench: Bench) -> Iterator[Row]:
    """Yield the figures at a delay of 0.2 s."""
    yield from _measure(bench, Pace(0.2, 500), 1 if bench.quick else ROUNDS)


def measure_default(bench: Bench) -> Iterator[Row]:
    """Yield them at the program's default delay."""
    yield from _measure(bench, Pace(1.0, 150), 1)


def _measure(bench: Bench, pace: Pace, rounds: int) -> Iterator[Row]:
    found: dict[str, list[Fairness]] = {crew.name: [] for crew in CREWS}
    for number in range(rounds):
        for kind in CREWS:
            with kind.working(bench, pace.delay_seconds) as crew:
                found[kind.name].append(_run(crew, pace.big_pages))
            bench.say(
                f"delay {pace.delay_seconds} s: round {number + 1}, {kind.name}: {found[kind.name][-1]}"
            )
    ours, stock = (found[crew.name] for crew in CREWS)
    for what, unit, field in (
        ("50 small domains done beside a big one", "× ideal", "multiple"),
        ("processors busy meanwhile", "%", "busy"),
        ("requests sooner than the delay", "%", "strictly"),
        ("requests sooner than 0.9 × the delay", "%", "clearly"),
        ("the big domain's rate", "% of limit", "rate"),
    ):
        values, baseline = ([getattr(run, field) for run in runs] for runs in (ours, stock))
        yield Row(f"delay {pace.delay_seconds} s: {what}", unit, values, STOCK, baseline)


def _run(crew: Crew, big_pages: int) -> Fairness:
    big = crew.sites.site(1, 0, big_pages)
    small = [crew.sites.site(1, number, SMALL_PAGES) for number in range(1, SMALL_DOMAINS + 1)]
    crew.seed([big.url], "big")
    until(lambda: sum(each.host == big.host for each in crew.sites.read()) > 11)
    psutil.cpu_percent()
    began = monotonic()
    crew.seed([site.url for site in small], "small")
    last = _last_page(crew, {url for site in small for url in site.stored}, {site.host for site in small})
    busy = psutil.cpu_percent()
    steady = STEADY_SECONDS / 3 if crew.bench.quick else STEADY_SECONDS
    happens(lambda: big.stored <= crew.sites.fetched(), began + steady - monotonic())
    asked = list(crew.sites.read())
    apart = gaps(asked)
    return Fairness(
        multiple=(last - began) / ((small[0].requests - 1) * crew.delay_seconds),
        busy=busy,
        strictly=percent_below(apart, crew.delay_seconds),
        clearly=percent_below(apart, 0.9 * crew.delay_seconds),
        rate=100 * crew.delay_seconds * rate([each for each in asked if each.host == big.host][11:]),
    )


def _last_page(crew: Crew, wanted: set[str], hosts: set[str]) -> float:
    """Wait for the pages; return when the last of them was asked for, or now if they do not come."""
    if happens(lambda: wanted <= crew.sites.fetched(), AT_MOST_SECONDS):
        return max(each.at for each in crew.sites.read() if each.host in hosts)
    crew.bench.say(f"{len(wanted - crew.sites.fetched())} pages did not come in {AT_MOST_SECONDS} s: cut off")
    return monotonic()
