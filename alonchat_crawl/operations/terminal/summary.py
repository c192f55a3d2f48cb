"""What a crawl ends with: a headline, and a table of how its pages ended."""

from collections.abc import Mapping
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from alonchat_crawl.fetch.files.upload_urls import UPLOAD, file_name
from alonchat_crawl.operations.terminal.terminal_text import terminal_text
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.sources import SourceProgress

REASONS_SHOWN: Final = 8  # of one outcome, the most frequent first
FAILED: Final = "failed"
ALWAYS: Final = (Outcome.STORED, Outcome.UNCHANGED, Outcome.REFUSED, Outcome.DEAD)
IF_ANY: Final = (Outcome.FOLLOWED, Outcome.RETRY)
STYLES: Final = {Outcome.STORED: "green", Outcome.REFUSED: "yellow", Outcome.DEAD: "red"}


def render_summary(progress: SourceProgress, chunks: int, seconds: float, console: Console) -> None:
    """Print how a source's pages ended and why; `chunks` were stored by this process, in `seconds`."""
    console.print(_line(_headline(progress), console))
    table = Table(box=None, padding=(0, 2), pad_edge=False)
    table.add_column("outcome", no_wrap=True)
    table.add_column("pages", justify="right", no_wrap=True)
    table.add_column("reasons", overflow="fold")
    for outcome in (*ALWAYS, *IF_ANY):
        count = progress.counts.get(outcome.value, 0)
        if count or outcome in ALWAYS:
            reasons = _line(_reasons(progress.reasons, outcome), console)
            style = STYLES.get(outcome, "") if count else "dim"
            table.add_row(Text(outcome.value, style=style), str(count), reasons)
    console.print(table)
    if progress.pending:
        console.print(Text(f"{progress.pending} URLs are still waiting."))
    if progress.first_failure and outcome_word(progress) != FAILED:
        console.print(_line(f"The start page: {progress.first_failure}", console))
    console.print(Text(f"{chunks} chunks stored by this process in {seconds:.1f} s"))


def outcome_word(progress: SourceProgress) -> str:
    """The source's state; `failed` if its crawl is complete and nothing of it is stored."""
    return FAILED if progress.state == "completed" and not progress.pages else progress.state


def why_failed(progress: SourceProgress) -> str:
    """Why nothing of a source is stored: what follows its name and `failed:`."""
    if progress.first_failure:
        return without_url(progress.first_failure, progress.source.url)
    if progress.source.kind != UPLOAD:
        return "it has no page with text to store"
    reasons = (_reasons(progress.reasons, outcome) for outcome in (Outcome.REFUSED, Outcome.DEAD))
    return ", ".join(filter(None, reasons)) or "it holds no file that can be taken in"


def without_url(failure: str, url: str) -> str:
    """The reason alone, to be shown beside the URL that a failure's sentence begins with."""
    return failure.removeprefix(f"{url} cannot be crawled: ")


def _headline(progress: SourceProgress) -> str:
    source, word = progress.source, outcome_word(progress)
    name = file_name(source.url) if source.kind == UPLOAD else source.url
    if word == FAILED:
        return f"{name} failed: {why_failed(progress)}"
    return f"{name} completed" if word == "completed" else f"{name} not completed ({word})"


def _line(text: str, console: Console) -> Text:
    return Text(terminal_text(text, encoding=console.encoding), overflow="fold")


def _reasons(reasons: Mapping[str, int], outcome: Outcome) -> str:
    prefix = f"{outcome.value}:"
    own = [(key.removeprefix(prefix), count) for key, count in reasons.items() if key.startswith(prefix)]
    own.sort(key=lambda one: (-one[1], one[0]))
    shown = [f"{reason} {count}" for reason, count in own[:REASONS_SHOWN]]
    if rest := sum(count for _, count in own[REASONS_SHOWN:]):
        shown.append(f"{len(own) - REASONS_SHOWN} other reasons {rest}")
    return ", ".join(shown)
