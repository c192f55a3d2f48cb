"""The two crews that are compared."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from tests.benchmarks.bench import waits_for_seeds
from tests.benchmarks.frontier.crew import Crew
from tests.benchmarks.frontier.stock_worker import ready_path
from tests.benchmarks.stock_spider import SEEDS_KEY


class Ours(Crew):
    """`scrapy crawl website`, all of it but the model: pages are stored in Postgres and acknowledged."""

    name: ClassVar[str] = "ours"

    def _program(self, agent: str, lease_seconds: float) -> tuple[list[str], dict[str, str]]:
        return ["scrapy", "crawl", "website", "-s", f"FRONTIER_LEASE_SECONDS={lease_seconds}"], {
            **self.bench.environment,
            "SCRAPY_SETTINGS_MODULE": "tests.benchmarks.frontier.worker_settings",
            "REDIS_URL": self.valkey.url,
            "CRAWL_DELAY_SECONDS": str(self.delay_seconds),
            "CRAWLER_USER_AGENT": f"Bench (+https://bench.example/{agent})",
        }

    def _ready(self) -> bool:
        return waits_for_seeds(self.valkey.client, len(self.workers))

    def seed(self, urls: Sequence[str], tenant: str = "") -> None:
        """Push them as the web app does."""
        limits = {"project_id": f"{self.run}{tenant}", "max_pages": 100_000, "include": "*"}
        self.valkey.client.lpush("website:start_urls", *(json.dumps({"url": url} | limits) for url in urls))

    def stored(self) -> Counter[str]:
        """Count the rows of each URL."""
        query = """
            select p.url, count(*)
            from pages p join projects o on o.id = p.project_id
            where o.name like %s
            group by 1
        """
        return Counter(dict(self.bench.rows(query, f"{self.run}%")))


class Stock(Crew):
    """scrapy-redis' own scheduler, dupefilter and spider; items go to a file."""

    name: ClassVar[str] = "stock"

    @property
    def _items(self) -> Path:
        return self.bench.folder / f"{self.run}.jsonl"

    def _program(self, agent: str, lease_seconds: float) -> tuple[list[str], dict[str, str]]:  # noqa: ARG002 - it leases nothing
        arguments = (self.valkey.url, agent, str(self.delay_seconds), str(self._items))
        environment = self.bench.environment
        return ["tests.benchmarks.frontier.stock_worker", *arguments], {
            name: value for name, value in environment.items() if name != "SCRAPY_SETTINGS_MODULE"
        }

    def _ready(self) -> bool:
        return all(ready_path(self._items, agent).exists() for agent in self.workers)

    def seed(self, urls: Sequence[str], tenant: str = "") -> None:  # noqa: ARG002 - it knows no tenants
        """Push them at the end, since it reads from the beginning."""
        self.valkey.client.rpush(SEEDS_KEY, *(json.dumps({"url": url}) for url in urls))

    def stored(self) -> Counter[str]:
        """Count the items of each URL."""
        lines = self._items.read_text().splitlines() if self._items.exists() else ()
        return Counter(json.loads(line)["url"] for line in lines)


CREWS: tuple[type[Crew], type[Crew]] = (Ours, Stock)
