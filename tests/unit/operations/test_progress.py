"""What a person sees: the live line and the table at the end."""

from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console
from rich.text import Text

from alonchat_crawl.operations.metrics.model_watch import ModelWatch
from alonchat_crawl.operations.terminal.progress import ProgressLine
from alonchat_crawl.operations.terminal.summary import render_summary
from alonchat_crawl.operations.terminal.tally import Tally
from alonchat_crawl.operations.terminal.terminal_text import terminal_text
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending, Kind, Lease, Source, SourceProgress

SOURCE = Source(UUID(int=1), UUID(int=2), UUID(int=3), "http://example.com/", "shop", 10, 3)
LEASE = Lease("1", SOURCE, ("http://h",), "d", "http://example.com/a", Kind.PAGE, 0, 1)


def summary(counts: Mapping[str, int], reasons: Mapping[str, int], **rest: Any) -> str:
    """Return the summary as it is printed where there is no terminal."""
    state = rest.pop("state", "completed")
    out = StringIO()
    console = Console(file=out, width=rest.pop("width", 80))
    render_summary(
        SourceProgress(rest.pop("source", SOURCE), state, rest.pop("pending", 0), 0, counts, reasons, **rest),
        9,
        1.25,
        console,
    )
    return out.getvalue()


def test_line_in_the_log_has_the_same_numbers(caplog: pytest.LogCaptureFixture) -> None:
    """Where there is no terminal, the numbers go to the log at INFO."""
    progress = ProgressLine(ModelWatch(), Console(file=StringIO()), 1, 60)
    assert progress.seconds_between == 60
    progress.tally.ended(LEASE, Ending(Outcome.STORED))
    with caplog.at_level("INFO"):
        progress._show()
    record = vars(caplog.records[-1])
    assert (record["message"], record["pages"], record["waiting"], record["chunks"]) == ("progress", 1, 0, 0)


def test_summary_names_outcomes_reasons_and_rests() -> None:
    """Each outcome has its reasons, the most frequent first; only the usual ones appear when empty."""
    reasons = {f"refused:r{number}": number for number in range(1, 12)} | {"dead:http 404": 2}
    shown = summary({"stored": 3, "refused": 66, "dead": 2}, reasons, width=200)
    assert "r11 11, r10 10" in shown
    assert "3 other reasons 6" in shown
    assert "http 404 2" in shown
    assert "unchanged" in shown
    assert "followed" not in shown
    assert "9 chunks stored by this process in 1.2 s" in shown
    assert "followed" in summary({"followed": 1}, {})
    assert "5 URLs are still waiting." in summary({}, {}, pending=5, state="running")


def test_the_headline_of_a_failure() -> None:
    """A source of which nothing is stored has failed, whatever the frontier calls it; why is said."""
    refused = "http://example.com/ cannot be crawled: it refused the connection"
    assert summary({"dead": 1}, {}, first_failure=refused).startswith(
        "http://example.com/ failed: it refused the connection\n"
    )
    assert summary({"refused": 1}, {}).startswith(
        "http://example.com/ failed: it has no page with text to store\n"
    )
    upload = replace(SOURCE, kind="upload", url="upload://x/list.pdf")
    reasons = {"dead:file malformed": 1, "refused:virus": 2}
    assert summary({"dead": 1}, reasons, source=upload).startswith(
        "list.pdf failed: virus 2, file malformed 1\n"
    )
    assert summary({"unchanged": 1}, {}).startswith("http://example.com/ completed\n")


@pytest.mark.parametrize("width", [1, 10, 40])
def test_summary_fits_any_width(width: int) -> None:
    """No line is wider than the console, and nothing fails."""
    shown = summary({"stored": 3}, {"stored:x": 3}, width=width, first_failure="y" * 100)
    assert max(map(len, shown.splitlines())) <= width


def test_outside_text_cannot_steer_the_terminal() -> None:
    """Markup, escapes, newlines, bidi overrides and bytes beyond the encoding are shown, not obeyed."""
    shown = summary(
        {"dead": 1}, {"dead:[bold]\x1b]0;t\x07\n\u202e": 1}, first_failure="[link=x]\x9b31m\ud800é"
    )
    assert "[bold]\\x1b]0;t\\x07 \\u202e" in shown
    assert "[link=x]\\x9b31m\\ud800" in shown
    assert terminal_text("é…", encoding="ascii") == "\\xe9\\u2026"


def test_line_says_when_the_model_is_loading() -> None:
    """From the start until the model is there."""
    model = ModelWatch()
    model.asked_for()
    progress = ProgressLine(model, Console(file=StringIO()), 1, 1)
    assert progress.line().plain.endswith("loading the model")
    model.loaded()
    assert progress.line().plain.endswith("starting")
    progress.tally.ended(LEASE, Ending(Outcome.STORED))
    assert isinstance(progress.line(), Text)
    assert progress.line().plain.startswith("1 pages done, 0 in work, 0 waiting, 0 chunks")


def test_tally_counts_no_page_twice_and_forgets_completed_sources() -> None:
    """A retry is not done yet; a completed source leaves nothing behind but the totals."""
    tally = Tally()
    tally.ended(LEASE, Ending(Outcome.RETRY, Reason.TIMEOUT))
    assert tally.done == 0
    tally.ended(LEASE, Ending(Outcome.STORED))
    tally.stored(SOURCE.source_id, 4)
    part = tally.parts[SOURCE.source_id].progress()
    assert part.counts == {"retry": 1, "stored": 1}
    assert part.reasons == {"retry:timeout": 1}
    assert tally.completed(SOURCE.source_id) == 4
    assert (tally.done, tally.chunks, tally.parts, tally.chunks_of) == (1, 4, {}, {})
    assert tally.completed(SOURCE.source_id) == 0
