"""The errors that parsers raise. They stand apart from Scrapy's, which a parser's process does without."""


class ReasonedError(Exception):
    """An error with a bounded `reason` (a metric's label) and a `detail` for people."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason
        self.detail = detail


class GiveUp(ReasonedError):
    """Another attempt would end the same way."""
