"""The table that a crawl ends with."""

from collections.abc import Mapping
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from alonchat_crawl.operations.terminal.console import plain
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.sources import SourceProgress

REASONS_SHOWN: Final = 8  # of one outcome, the most frequent first
ALWAYS: Final = (Outcome.STORED, Outcome.UNCHANGED, Outcome.REFUSED, Outcome.DEAD)
IF_ANY: Final = (Outcome.FOLLOWED, Outcome.RETRY)
STYLES: Final = {Outcome.STORED: "green", Outcome.REFUSED: "yellow", Outcome.DEAD: "red"}


def render_summary(progress: SourceProgress, chunks: int, seconds: float, console: Console) -> None:
    """Print how a source's pages ended, with reasons, `chunks` stored and `seconds` taken."""
    ended = "completed" if progress.state == "completed" else f"not completed ({progress.state})"
    console.print(_line(f"{progress.source.url} {ended}", console))
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
    if progress.first_failure:
        console.print(_line(f"The start page: {progress.first_failure}", console))
    console.print(Text(f"{chunks} chunks stored by this process in {seconds:.1f} s"))


def _line(text: str, console: Console) -> Text:
    return Text(plain(text, console), overflow="fold")


def _reasons(reasons: Mapping[str, int], outcome: Outcome) -> str:
    prefix = f"{outcome.value}:"
    own = [(key.removeprefix(prefix), count) for key, count in reasons.items() if key.startswith(prefix)]
    own.sort(key=lambda one: (-one[1], one[0]))
    shown = [f"{reason} {count}" for reason, count in own[:REASONS_SHOWN]]
    if rest := sum(count for _, count in own[REASONS_SHOWN:]):
        shown.append(f"{len(own) - REASONS_SHOWN} other reasons {rest}")
    return ", ".join(shown)
