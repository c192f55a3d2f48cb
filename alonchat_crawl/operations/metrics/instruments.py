"""All metrics: name, unit and labels. Labels are bounded: never a URL, never a tenant's free text."""

import re
from typing import Final
from uuid import UUID

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

from alonchat_crawl.sources import Ending

OTHER: Final = "other"
MAX_VALUES: Final = 100  # most values of a label whose words come from our code
SECONDS: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:/ -]{0,63}")


class BoundedLabel:
    """Passes the first `limit` distinct values of a label; later ones become `other`."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.seen: set[str] = set()

    def of(self, value: str) -> str:
        """Return the value, or `other`."""
        if value not in self.seen and len(self.seen) < self.limit:
            self.seen.add(value)
        return value if value in self.seen else OTHER


class Word(BoundedLabel):
    """A bounded label of short plain words. An empty value stays empty."""

    def __init__(self) -> None:
        super().__init__(MAX_VALUES)

    def of(self, value: str) -> str:
        """Return the word; `other` if it is no short plain word."""
        return super().of(value) if not value or _WORD.fullmatch(value) else OTHER


class Instruments:
    """A crawler's metrics, in a separate registry."""

    def __init__(self, max_projects: int) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        self._project = BoundedLabel(max_projects)
        self._stage, self._class = Word(), Word()

        self.pending = Gauge("alonchat_frontier_pending_urls", "URLs waiting.", registry=registry)
        self.leased = Gauge("alonchat_frontier_leased_urls", "URLs in work.", registry=registry)
        self.sources = Gauge("alonchat_frontier_sources", "Sources not completed.", registry=registry)
        self.dead_letters = Gauge(
            "alonchat_frontier_dead_letters", "URLs and seeds given up, until replayed.", registry=registry
        )
        self.set_aside = Gauge(
            "alonchat_frontier_set_aside_entries",
            "Entries that nobody could read, ever; their dead letters have the reason `unreadable`.",
            registry=registry,
        )
        self.in_flight = Gauge("alonchat_requests_in_flight", "Downloads under way.", registry=registry)
        self.model_load = Gauge(
            "alonchat_model_load_seconds", "How long loading the model took; 0 before.", registry=registry
        )
        self.chunks = Counter("alonchat_chunks_stored", "Chunks committed.", registry=registry)
        self.windows = Counter("alonchat_windows_stored", "Vectors committed.", registry=registry)
        self.sources_completed = Counter(
            "alonchat_sources_completed", "Sources that this worker closed.", registry=registry
        )
        self._pages = Counter(
            "alonchat_pages", "Leases that ended.", ["outcome", "reason"], registry=registry
        )
        self._seconds = Histogram(
            "alonchat_stage_seconds", "Seconds a page spent.", ["stage"], buckets=SECONDS, registry=registry
        )
        self._tokens = Counter("alonchat_tokens_embedded", "Tokens embedded.", ["project"], registry=registry)
        self._errors = Counter("alonchat_errors", "Errors.", ["where", "class"], registry=registry)

    def page_ended(self, ending: Ending) -> None:
        """Count a page's end."""
        self._pages.labels(ending.outcome, ending.reason.label).inc()

    def stage_took(self, stage: str, seconds: float) -> None:
        """Observe a stage's time. A negative time (the clock was set back) counts as 0."""
        self._seconds.labels(self._stage.of(stage)).observe(max(seconds, 0.0))

    def tokens_embedded(self, project_id: UUID, tokens: int) -> None:
        """Count a project's tokens."""
        self._tokens.labels(self._project.of(str(project_id))).inc(tokens)

    def failed(self, where: str, error: BaseException | None) -> None:
        """Count an error by its class and by the part of the system that it came from."""
        self._errors.labels(_part(error) or where, self._class.of(type(error).__name__)).inc()


def _part(error: BaseException | None) -> str:
    """Return `redis` or `postgres` if it has caused an error, else an empty text."""
    for _ in range(MAX_VALUES):  # a chain of causes may be circular
        if error is None:
            break
        package = type(error).__module__.split(".")[0]
        if package == "redis":
            return "redis"
        if package in {"psycopg", "psycopg_pool"}:
            return "postgres"
        error = error.__cause__ or error.__context__
    return ""
