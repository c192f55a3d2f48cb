"""How `scrapy sources` prints sources: as tables, as JSON, or one source as a list of facts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from alonchat_crawl.control.verbs.sources import Unread
from alonchat_crawl.errors import Unreadable
from alonchat_crawl.fetch.files.upload_urls import UPLOAD, file_name
from alonchat_crawl.frontier.view import Wait
from alonchat_crawl.operations.terminal.summary import without_url
from alonchat_crawl.operations.terminal.table import Column, table
from alonchat_crawl.operations.terminal.terminal_text import terminal_text, without_secrets
from alonchat_crawl.sources import SourceProgress
from alonchat_crawl.storage.sources import SourceRecord

RUNNING = (
    Column("id"),
    Column("project", least=10, left_out=1),
    Column("url", least=22),
    Column("state"),
    Column("prio", left_out=5),
    Column("pages"),
    Column("waiting", left_out=2),
    Column("in work", left_out=3),
    Column("refused", left_out=4),
    Column("dead", left_out=3),
    Column("age"),
)
ENDED = (
    Column("id"),
    Column("project", least=10, left_out=1),
    Column("url", least=22),
    Column("ended"),
    Column("pages"),
    Column("reason", least=14),
    Column("when"),
)
UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def running_table(sources: Mapping[UUID, SourceProgress | Unreadable], width: int) -> RenderableType:
    """A row for each source that the frontier works on."""
    return table(RUNNING, [_running(*one) for one in sources.items()], width)


def _running(source_id: UUID, found: SourceProgress | Unreadable) -> tuple[object, ...]:
    if isinstance(found, Unreadable):
        return (source_id, "", found.detail, "unreadable", "", "0 of 0", 0, 0, 0, 0, "")
    source, ends = found.source, found.ends and found.state in {"running", "paused"}
    return (
        source_id, source.project_name, source.url, "ending" if ends else found.state, source.priority,
        f"{found.pages} of {source.max_pages}", found.pending - found.leased, found.leased,
        found.counts.get("refused", 0), found.counts.get("dead", 0), _age(found.started_at),
    )  # fmt: skip


def unread_line(count: int, unread: Sequence[Unread]) -> Text:
    """How many sources run, and how many messages no worker has acted on yet."""
    said = f"{count} sources"
    for one in unread:
        said += f", {one.count} {one.kind} unread" if one.count else ""
        said += "".join(f", {one.kind} unreadable: {key} is no list" for key in one.not_lists)
    return Text(terminal_text(said), style="dim")


def ended_table(records: Sequence[SourceRecord], width: int) -> RenderableType:
    """A row for each source that ended lately."""
    rows = [
        (
            one.id, one.project_name, _called(one), one.status, _pages(one.counts),
            without_url(one.error, one.url),
            f"{_age(one.finished_at)} ago",
        )
        for one in records
    ]  # fmt: skip
    return table(ENDED, rows, width)


def _called(record: SourceRecord) -> str:
    """A web site's URL, or an upload's name."""
    return file_name(record.url) if record.kind == UPLOAD else record.url


def _pages(counts: Mapping[str, int]) -> int:
    return counts.get("stored", 0) + counts.get("unchanged", 0)


def _age(moment: datetime | None) -> str:
    if moment is None:
        return ""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    length, unit = next((one for one in UNITS if seconds >= one[0]), UNITS[-1])
    return f"{max(0, int(seconds / length))} {unit}"


def as_json(
    source_id: UUID,
    *,
    record: SourceRecord | None = None,
    progress: SourceProgress | Unreadable | None = None,
    waits: Sequence[Wait] | None = None,
) -> dict[str, Any]:
    """All that is known of a source. Where the frontier and Postgres differ, the frontier counts."""
    row = _of_record(record) if record else {}
    if isinstance(progress, Unreadable):
        row |= _unreadable(source_id, progress)
    elif progress:
        row |= _of_progress(progress)
    if record and record.finished_at:
        row["state"] = record.status  # the frontier says `completed` even if the source failed
    if waits is not None:
        row["waits"] = [_waiting(wait) for wait in waits]
    told: dict[str, Any] = _without_secrets(row)
    return told


def _of_progress(progress: SourceProgress) -> dict[str, Any]:
    source = asdict(progress.source)
    return {
        "id": str(source.pop("source_id")),
        "project": source.pop("project_name"),
        **{name: str(value) if isinstance(value, UUID) else value for name, value in source.items()},
        "state": progress.state,
        "ends": progress.ends,
        "pages": progress.pages,
        "waiting": progress.pending - progress.leased,
        "in_work": progress.leased,
        "counts": dict(progress.counts),
        "reasons": dict(progress.reasons),
        "first_failure": progress.first_failure,
        "started_at": progress.started_at and progress.started_at.isoformat(),
    }


def _unreadable(source_id: UUID, error: Unreadable) -> dict[str, Any]:
    return {
        "id": str(source_id), "project": None, "project_id": None, "url": error.detail, "state": "unreadable",
        "ends": "", "priority": None, "pages": 0, "max_pages": 0, "waiting": 0, "in_work": 0, "counts": {},
        "started_at": None,
    }  # fmt: skip


def _of_record(record: SourceRecord) -> dict[str, Any]:
    return {
        "id": str(record.id),
        "project": record.project_name,
        "url": record.url,
        "state": record.status,
        "project_id": str(record.project_id),
        "crawl_id": record.crawl_id and str(record.crawl_id),
        **record.options,
        "pages": _pages(record.counts),
        "counts": record.counts,
        "started_at": record.started_at and record.started_at.isoformat(),
        "error": record.error,
        "finished_at": record.finished_at and record.finished_at.isoformat(),
    }


def _waiting(wait: Wait) -> str:
    why = [f"after {wait.refusals} times 429 or 503"] if wait.refusals else []
    why += [f"slow: {wait.delay_seconds:.1f} s between requests"] if wait.delay_seconds else []
    when = "a request is in flight" if wait.in_flight else f"due in {wait.due_seconds:.0f} s"
    return f"{wait.domain}: {wait.urls} URLs, {', '.join([when, *why])}"


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {name: _without_secrets(one) for name, one in value.items()}
    return [_without_secrets(one) for one in value] if isinstance(value, list | tuple) else value


def whole(row: Mapping[str, Any]) -> Table:
    """One line for each fact."""
    grid = Table.grid(padding=(0, 2))
    for name, value in row.items():
        lines = [f"{n} {word}" for word, n in value.items()] if isinstance(value, dict) else [value]
        if isinstance(value, list | tuple):
            lines = list(value)
        shown = "\n".join(terminal_text(line) for line in lines if line not in {None, ""})
        if shown:
            grid.add_row(Text(name.replace("_", " "), style="dim"), Text(shown, overflow="fold"))
    return grid
