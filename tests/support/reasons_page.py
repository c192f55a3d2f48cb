"""`python -m tests.support.reasons_page`: docs/reasons.md, written from the reasons themselves."""

import sys
from collections.abc import Iterator

from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import GONE_STATUSES, OF_MESSAGES, RETRY_STATUSES, Reason

HEAD = """# Reasons

A URL, a file or a message ends with an outcome and a reason. Reasons label `alonchat_pages_total`, stand in
dead letters (`scrapy dead_letters -a reason=…`) and are counted for each source (`scrapy sources`).
`make reasons` writes this page from `alonchat_crawl/reasons.py`.

- **Retried?** Each retry counts as an attempt. After FRONTIER_MAX_ATTEMPTS the URL is `dead`, with the same
  reason. A deferred URL comes back, and no attempt is counted. At a terminal, `scrapy crawl` does not wait
  for its start page: that ends as `dead` at once.
- **Seen whole?** Whether a source that met the reason was still looked at as a whole. Only then does a page
  that the crawl did not meet count as gone.
- A status that has not three digits is `http other`. In metrics, a status without a registered meaning is
  `other`.

| Reason | Meaning | Outcome | Retried? | Seen whole? |
|---|---|---|---|---|"""
ENDS = (Outcome.REFUSED, Outcome.RETRY, Outcome.DEAD)


def page() -> str:
    """The page's text."""
    return "\n".join((HEAD, *rows(), ""))


def rows() -> Iterator[str]:
    """A line of the table for each reason, and for each group of statuses."""
    for reason in Reason:
        yield row(f"`{reason}`" if reason else "(none)", reason)
    yield row("`http 304`", Reason.http(304))
    for statuses in (RETRY_STATUSES, GONE_STATUSES):
        names = ", ".join(f"`{Reason.http(status)}`" for status in sorted(statuses))
        yield row(names, Reason.http(min(statuses)))
    yield row("any other `http NNN`", Reason.http(403))
    for file in (Reason.ROBOTS, Reason.TDM):
        yield row(f"`{file} http NNN`", Reason.http(503, file))


def row(name: str, reason: Reason) -> str:
    """The line of one reason."""
    outcomes = ", ".join(outcome for outcome in Outcome if outcome in reason.outcomes) or "(only logged)"
    is_deferred = Outcome.DEFERRED in reason.outcomes
    retried = "yes" if reason.is_retried else "uncounted" if is_deferred else "no"
    return f"| {name} | {reason.meaning} | {outcomes} | {retried} | {seen_whole(reason)} |"


def seen_whole(reason: Reason) -> str:
    """`yes` or `no`, or either by outcome; nothing for what ends no URL."""
    if reason in OF_MESSAGES or reason.outcomes <= {Outcome.DEFERRED}:
        return "–"
    said = {
        outcome: "yes" if reason.saw_whole(Outcome.DEAD if outcome is Outcome.RETRY else outcome) else "no"
        for outcome in reason.outcomes - {Outcome.DEFERRED}
    }
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return ", ".join(f"{outcome}: {said[outcome]}" for outcome in ENDS if outcome in said)


if __name__ == "__main__":
    sys.stdout.write(page())
