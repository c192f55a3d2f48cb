"""Crashes in the middle of a crawl: of a worker, of Redis, and of the machine that Redis runs on.

Three workers crawl 51 domains of 20 pages and a front page each, delay 0.05 s, leases of 3 s. After half
of the requests the busiest worker is killed with -9 and not replaced; or Valkey is killed with -9 and after
3 s started again on its append-only file; or the same, with the last second of that file cut off, since it
is synchronised once a second and a power failure loses the rest. It is over when all is stored and no
request came for some seconds, or when none came for longer. Counted are the URLs that were never stored,
those that are stored more than once (rows in Postgres; the baseline's items), and those fetched more than
once (robots.txt is not counted). The baseline is scrapy-redis, same work and same crash.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from time import monotonic
from typing import NamedTuple

from tests.benchmarks.bench import Bench, happens, until
from tests.benchmarks.frontier.crew import Crew
from tests.benchmarks.frontier.crews import CREWS
from tests.benchmarks.results import Row
from tests.benchmarks.seed_latency import STOCK

ROUNDS = 5
DELAY_SECONDS = 0.05
LEASE_SECONDS = 3
DOMAINS = 51
PAGES = 20
AWAY_SECONDS = 3
QUIET_SECONDS = 6  # longer than a lease, and than the looks for expired ones are apart
GIVEN_UP_SECONDS = 60  # without a request: longer than any wait in either system
AT_MOST_SECONDS = 240


class Harm(NamedTuple):
    """What a crash did, in URLs."""

    lost: int
    stored_twice: int
    fetched_twice: int


def kill_worker(bench: Bench) -> Iterator[Row]:
    """Yield what killing a worker does."""
    yield from _measure(bench, "worker killed", lambda crew: crew.kill(crew.busiest()))


def restart_redis(bench: Bench) -> Iterator[Row]:
    """Yield what killing and restarting Redis does."""
    yield from _measure(bench, "Redis killed", lambda crew: _restart(crew, crew.valkey.kill))


def lose_power(bench: Bench) -> Iterator[Row]:
    """Yield what it does when Redis has forgotten its last second, too."""
    yield from _measure(bench, "Redis without power", lambda crew: _restart(crew, crew.valkey.lose_power))


def _restart(crew: Crew, end: Callable[[], None]) -> None:
    end()
    time.sleep(AWAY_SECONDS)
    crew.valkey.start()


def _measure(bench: Bench, what: str, crash: Callable[[Crew], None]) -> Iterator[Row]:
    found: dict[str, list[Harm]] = {crew.name: [] for crew in CREWS}
    for number in bench.rounds(ROUNDS):
        for kind in CREWS:
            with kind.working(bench, DELAY_SECONDS, lease_seconds=LEASE_SECONDS) as crew:
                found[kind.name].append(_run(crew, crash))
            bench.say(f"{what}: round {number + 1}, {kind.name}: {found[kind.name][-1]}")
    ours, stock = (found[crew.name] for crew in CREWS)
    for outcome, index in (("lost", 0), ("stored twice", 1), ("fetched twice", 2)):
        values, baseline = [run[index] for run in ours], [run[index] for run in stock]
        yield Row(f"{what}: of {DOMAINS * (PAGES + 1)} URLs {outcome}", "", values, STOCK, baseline)


def _run(crew: Crew, crash: Callable[[Crew], None]) -> Harm:
    sites = [crew.sites.site(3, number, PAGES) for number in range(DOMAINS)]
    crew.seed([site.url for site in sites])
    until(lambda: len(crew.sites.read()) > sum(site.requests for site in sites) / 2)
    crash(crew)
    wanted = {url for site in sites for url in site.stored}
    if not happens(lambda: _over(crew, wanted), AT_MOST_SECONDS, poll_seconds=0.5):
        crew.bench.say(f"crash: still going after {AT_MOST_SECONDS} s: counted here")
    stored = crew.stored()
    fetched = Counter((host, path) for _, host, path, _, _ in crew.sites.read() if path != "/robots.txt")
    return Harm(
        lost=len(wanted - stored.keys()),
        stored_twice=sum(times > 1 for times in stored.values()),
        fetched_twice=sum(times > 1 for times in fetched.values()),
    )


def _over(crew: Crew, wanted: set[str]) -> bool:
    quiet = monotonic() - crew.sites.read()[-1].at
    return quiet > GIVEN_UP_SECONDS or (quiet > QUIET_SECONDS and wanted <= crew.stored().keys())
