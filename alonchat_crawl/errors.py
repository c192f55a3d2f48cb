"""Errors. The class answers one question: stop, refuse, retry, defer or give up?"""

from scrapy.exceptions import DropItem, IgnoreRequest

from alonchat_crawl.parser_errors import GiveUp, ReasonedError
from alonchat_crawl.reasons import Reason

__all__ = [
    "Deferred",
    "GiveUp",
    "Outage",
    "ReasonedError",
    "Refused",
    "Retry",
    "StartupError",
    "Unchanged",
    "Unreadable",
]


class StartupError(Exception):
    """The process cannot run as configured. Its text is one sentence: what is wrong, what to do."""


class Refused(ReasonedError, IgnoreRequest, DropItem):
    """A policy said no. Raised by downloader middlewares and pipelines alike."""


class Unreadable(GiveUp):
    """Somebody else wrote into our Redis: the entry is set aside, and stops nothing else."""

    def __init__(self, entry: str, detail: str) -> None:
        super().__init__(Reason.UNREADABLE, f"{entry} cannot be read: {detail}")
        self.entry = entry


class Unchanged(DropItem):
    """The page's text is already stored, and is now noted as seen by this crawl."""


class Retry(ReasonedError):
    """A passing fault: the same URL may succeed later, but not before `wait_seconds`."""

    def __init__(self, reason: Reason, detail: str = "", wait_seconds: float = 0.0) -> None:
        super().__init__(reason, detail)
        self.wait_seconds = wait_seconds


class Deferred(ReasonedError):
    """It is not this URL's turn yet: it goes back to its queue, and no attempt is counted.

    The source's other URLs of that domain wait with it, unless it waits `alone`.
    """

    def __init__(
        self, reason: Reason, detail: str = "", wait_seconds: float = 0.0, *, alone: bool = False
    ) -> None:
        super().__init__(reason, detail)
        self.wait_seconds = wait_seconds
        self.alone = alone


class Outage(Deferred):
    """A service of our own is away. That is no page's fault, so it costs no attempt."""
