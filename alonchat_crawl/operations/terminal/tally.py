"""Counts what this worker has done so far."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Final
from uuid import UUID

from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.sources import Ending, Lease, Source, SourceProgress

PARTS_MAX: Final = 1000  # sources remembered at once
RATE_SECONDS: Final = 10.0  # the rate is measured over this time


@dataclass(slots=True)
class Part:
    """This worker's part of one source."""

    source: Source
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def progress(self) -> SourceProgress:
        """Return it as a SourceProgress. How many URLs other workers have is not known here."""
        return SourceProgress(self.source, "interrupted", 0, 0, dict(self.outcomes), dict(self.reasons))


class Tally:
    """Counts for all sources together, and for each while it runs."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.chunks = 0
        self.in_work = 0
        self.waiting = 0
        self.parts: dict[UUID, Part] = {}
        self.chunks_of: Counter[UUID] = Counter()
        self._samples: deque[tuple[float, int]] = deque([(monotonic(), 0)])

    @property
    def done(self) -> int:
        """Pages that ended: all but those that are tried again."""
        return self.outcomes.total() - self.outcomes[Outcome.RETRY] - self.outcomes[Outcome.DEFERRED]

    def ended(self, lease: Lease, ending: Ending) -> None:
        part = self.parts.setdefault(lease.source.source_id, Part(lease.source))
        if len(self.parts) > PARTS_MAX:  # sources that other workers closed
            self.completed(next(iter(self.parts)))
        self.outcomes[ending.outcome.value] += 1
        part.outcomes[ending.outcome.value] += 1
        if ending.reason:
            part.reasons[f"{ending.outcome.value}:{ending.reason}"] += 1

    def stored(self, source_id: UUID, chunks: int) -> None:
        self.chunks += chunks
        self.chunks_of[source_id] += chunks

    def completed(self, source_id: UUID) -> int:
        """Forget a source, since a worker sees thousands; return how many of its chunks were stored."""
        self.parts.pop(source_id, None)
        return self.chunks_of.pop(source_id, 0)

    def pages_per_second(self) -> float:
        """The rate of the last RATE_SECONDS."""
        now = monotonic()
        self._samples.append((now, self.done))
        while len(self._samples) > 2 and now - self._samples[1][0] > RATE_SECONDS:  # noqa: PLR2004 - one each side
            self._samples.popleft()
        since, before = self._samples[0]
        return (self.done - before) / (now - since) if now > since else 0.0

    def numbers(self) -> Mapping[str, int | float | Mapping[str, int]]:
        """All counts, for a log line."""
        return {
            "pages": self.done,
            "in_work": self.in_work,
            "waiting": self.waiting,
            "chunks": self.chunks,
            "pages_per_second": round(self.pages_per_second(), 2),
            "outcomes": dict(self.outcomes),
        }
