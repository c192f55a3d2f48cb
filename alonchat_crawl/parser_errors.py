"""The errors that parsers raise. They stand apart from errors.py: a parser's process does not load Scrapy."""

from alonchat_crawl.reasons import Reason


class ReasonedError(Exception):
    """An error with a reason, and a `detail` for people."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason
        self.detail = detail


class GiveUp(ReasonedError):
    """Another attempt would end the same way."""
