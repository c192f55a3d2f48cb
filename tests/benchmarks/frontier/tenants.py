"""Tenants: one with 10 URLs on 10 domains comes while another has 2,000 domains due.

Three workers, delay 0.2 s. Tenant A's source has a front page that links to 2,000 other domains, one page
each. When 200 of them were fetched, tenant B's source is seeded, whose front page links to 10 other
domains. Measured from B's push until B's last page arrived at its site. The baseline is scrapy-redis, same
work; it knows no tenants.
"""

from collections.abc import Iterator
from time import monotonic

from tests.benchmarks.bench import Bench, happens, until
from tests.benchmarks.frontier.crew import Crew
from tests.benchmarks.frontier.crews import CREWS
from tests.benchmarks.frontier.site_server import address
from tests.benchmarks.results import Row
from tests.benchmarks.seed_latency import STOCK

ROUNDS = 3
DELAY_SECONDS = 0.2
MANY = 2000
FEW = 10
BEFORE = 200  # pages of A fetched when B comes
AT_MOST_SECONDS = 180


def measure(bench: Bench) -> Iterator[Row]:
    """Yield B's seconds."""
    found: dict[str, list[float]] = {crew.name: [] for crew in CREWS}
    for number in range(1 if bench.quick else ROUNDS):
        for kind in CREWS:
            with kind.working(bench, DELAY_SECONDS) as crew:
                found[kind.name].append(_seconds(crew))
            bench.say(f"tenants: round {number + 1}, {kind.name}: {found[kind.name][-1]:.1f} s")
    ours, stock = (found[crew.name] for crew in CREWS)
    yield Row(f"{FEW} URLs of one tenant done, {MANY} domains of another due", "s", ours, STOCK, stock)


def _seconds(crew: Crew) -> float:
    pages = {
        tenant: [crew.sites.site(second, n, 0) for n in range(many)] for tenant, second, many in _TENANTS
    }
    crew.seed([_hub(crew, "127.4.0.1", 5, MANY)], "a")
    until(lambda: len({site.url for site in pages["a"]} & crew.sites.fetched()) >= BEFORE)
    began = monotonic()
    crew.seed([_hub(crew, "127.4.0.2", 6, FEW)], "b")
    wanted = {site.url for site in pages["b"]}
    if not happens(lambda: wanted <= crew.sites.fetched(), AT_MOST_SECONDS):
        crew.bench.say(f"tenants: cut off after {AT_MOST_SECONDS} s")
        return monotonic() - began
    hosts = {address(6, number) for number in range(FEW)}
    return max(each.at for each in crew.sites.read() if each.host in hosts) - began


_TENANTS = (("a", 5, MANY), ("b", 6, FEW))


def _hub(crew: Crew, host: str, second: int, count: int) -> str:
    return f"http://{host}:{crew.sites.port}/hub/{second}/{count}/"
