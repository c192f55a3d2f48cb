"""A real worker crawls a site that attacks it, to the site's end."""

import json
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from alonchat_crawl.urls import canonical_url
from tests.acceptance.conftest import rows
from tests.sites.hostile.cases import GOOD, HostileSite
from tests.sites.hostile.traps import QUIET, TRAPS

MEMORY_MAX_BYTES = 1_500_000_000
LAG_MAX_SECONDS = 1.0
CRAWL_MAX_SECONDS = 200
UNSEEN = re.compile("HIDDEN-|[\u200b\u202e\0\U000e0000-\U000e007f]|<img|<svg|\\]\\((?:javascript|data):")
"""What no stored text has; a script that a page shows as code it may."""
SIGNALLED_MIN = 7


@dataclass
class Crawl:
    """What came of it."""

    site: HostileSite
    events: list[dict[str, Any]]
    pages: dict[str, str]
    """The stored text of each URL."""
    peak_bytes: int
    seconds: float
    stderr: str
    returncode: int
    endings: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """`outcome:reason` of each URL's leases, in order."""

    def __post_init__(self) -> None:
        for event in self.events:
            if "url" in event:
                # With its last attempt a retry becomes a dead letter: that is the frontier's to say.
                outcome = "dead" if event["outcome"] == "retry" else event["outcome"]
                self.endings[event["url"]].append(f"{outcome}:{event['reason']}")


def family(pid: int) -> Iterator[int]:
    """The process ids of a process and of all below it."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from family(int(child))


def peak_of(pid: int) -> int:
    """The most resident memory that a process has had so far, in bytes; 0 where it is no more."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def crawled(site: HostileSite, environment: dict[str, str], folder: Path, database_url: str) -> Crawl:
    """Run `scrapy crawl website` to its end, and look at its memory while it runs."""
    log, errors = folder / "watch.jsonl", folder / "stderr"
    command = [
        sys.executable,
        "-m",
        "scrapy",
        "crawl",
        "website",
        "-a",
        f"url={site.url}/",
        "-a",
        "include=*",
        "-a",
        "files=true",
    ]
    variables = {
        "SSRF_ALLOWED_NETWORKS": "127.0.0.1/32,127.0.1.0/24",
        "VIRUS_SCAN": "off",
        "SCRAPY_SETTINGS_MODULE": "tests.sites.hostile.settings",
        "HOSTILE_WATCH": str(log),
    }
    began, peak = time.monotonic(), 0
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            command, cwd=folder, env=environment | variables, stdout=subprocess.DEVNULL, stderr=stderr
        ) as process,
    ):
        while process.poll() is None:
            peak = max(peak, sum(map(peak_of, family(process.pid))))
            if time.monotonic() - began > CRAWL_MAX_SECONDS:
                process.kill()
            time.sleep(0.1)
    query = (
        "select p.url, string_agg(c.content, '\n' order by c.position) from pages p "
        "join source_chunks c on c.page_id = p.id group by p.url"
    )
    return Crawl(
        site,
        [json.loads(line) for line in log.read_text().splitlines()],
        dict(rows(database_url, query)),
        peak,
        time.monotonic() - began,
        errors.read_text(),
        process.returncode,
    )


def test_a_hostile_site(
    environment: dict[str, str], database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """Every attack ends with its own reason, every good page is stored, nobody is harmed."""
    with HostileSite().serving() as site:
        assert isinstance(site, HostileSite)
        crawl = crawled(site, environment, tmp_path, database_url)
    assert crawl.returncode == 0, crawl.stderr[-3000:]
    assert site.caught == []
    assert {host for host, _ in site.asked} <= {"127.0.0.1"} | {f"127.0.1.{n}" for n in range(1, 40)}
    assert unforeseen(crawl) == []
    assert wrong_endings(crawl) == {}
    assert wrong_traps(crawl) == {}
    assert dead_letters(redis_url) == {
        (url, ended[-1].partition(":")[2])
        for url, ended in crawl.endings.items()
        if ended[-1].startswith("dead:")
    }
    [(status, counts)] = rows(database_url, "select status, counts from sources")
    assert status == "completed"
    outcomes = Counter(ended[-1].partition(":")[0] for ended in crawl.endings.values())
    assert {outcome: counts[outcome] for outcome in ("stored", "dead", "followed")} == {
        outcome: outcomes[outcome] for outcome in ("stored", "dead", "followed")
    }
    assert {f"{site.url}{path}" for path in GOOD} <= set(crawl.pages)
    assert {url: text for url, text in crawl.pages.items() if UNSEEN.search(text)} == {}
    query = "select count(*) from pages where url like '%%/smuggled/%%' and signals <> '{}'"
    assert rows(database_url, query)[0][0] >= SIGNALLED_MIN
    assert crawl.peak_bytes < MEMORY_MAX_BYTES
    assert max(event["lag"] for event in crawl.events if "lag" in event) < LAG_MAX_SECONDS


def unforeseen(crawl: Crawl) -> list[str]:
    """Ends by an error that has no reason of its own, and whatever was logged as an error."""
    ended = [f"{event['url']}: {event['detail']}" for event in crawl.events if event.get("reason") == "error"]
    return ended + [line[:2000] for line in crawl.stderr.splitlines() if '"level": "error"' in line]


def dead_letters(redis_url: str) -> set[tuple[str, str]]:
    """URL and reason of each."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        return {(letter["url"], letter["reason"]) for _, letter in client.xrange("f2:{0}:dead")}


def wrong_endings(crawl: Crawl) -> dict[str, str]:
    """The attacks that did not end as the table says."""
    wrong = {}
    for case in crawl.site.cases:
        url = canonical_url(case.url) or case.url
        ended = crawl.endings.get(url, ["never met:"])[-1]
        if ended not in case.ending.split(" | "):
            wrong[case.url] = f"{ended}, not {case.ending}"
    return wrong


def wrong_traps(crawl: Crawl) -> dict[str, str]:
    """The traps that were not stopped with their reason, or too late."""
    wrong = {}
    for trap in (*TRAPS, *QUIET):
        asked = sum(path.startswith(trap.prefix) for _, path in crawl.site.asked)
        ended = Counter(
            endings[-1] for url, endings in crawl.endings.items() if f"{crawl.site.port}{trap.prefix}" in url
        )
        if not 1 <= asked <= trap.most or (trap.reason and not ended[trap.reason]):
            wrong[trap.prefix] = f"{asked} requests of {trap.most}, {dict(ended)}, not {trap.reason}"
    return wrong
