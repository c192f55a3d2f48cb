"""Formats log records: a JSON object for machines, a short line for a terminal.

The program logs through the standard library only. structlog's formatter turns its records into JSON.
"""

import json
import logging
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from rich.console import Console
from rich.text import Text
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name
from structlog.tracebacks import ExceptionDictTransformer

from alonchat_crawl.operations.logs.context import worker_name
from alonchat_crawl.operations.logs.redaction import Redactor
from alonchat_crawl.operations.terminal.terminal_text import terminal_text

LEFT_OUT: Final = ("spider", "item", "crawler")
"""Fields with objects that Scrapy adds to records; an item, for instance, is a whole page."""
TRACEBACK_FRAMES: Final = 20

EventDict = MutableMapping[str, Any]


def _without_objects(_logger: object, _method: str, event: EventDict) -> EventDict:
    for name in LEFT_OUT:
        event.pop(name, None)
    return event


def _redacting(redactor: Redactor) -> Callable[[object, str, EventDict], str]:
    def render(_logger: object, _method: str, event: EventDict) -> str:
        return json.dumps(redactor.value(event))

    return render


class JsonFormatter(ProcessorFormatter):
    """Writes one JSON object per line: timestamp, level, logger, event, worker and other known fields."""

    def __init__(self, redactor: Redactor) -> None:
        # Without local variables in tracebacks: they hold pages, tokens and settings.
        tracebacks = ExceptionDictTransformer(show_locals=False, max_frames=TRACEBACK_FRAMES)
        super().__init__(
            foreign_pre_chain=[add_log_level, add_logger_name],
            processors=[
                ExtraAdder(),
                _without_objects,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.ExceptionRenderer(tracebacks),
                structlog.processors.StackInfoRenderer(),
                self.remove_processors_meta,
                _redacting(redactor),
            ],
        )
        self.redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON, even if its arguments do not fit its message."""
        try:
            return super().format(record)
        except Exception as error:  # noqa: BLE001 - logging would print a traceback into the JSON lines
            shown = {
                "event": record.msg,
                "level": record.levelname.lower(),
                "logger": record.name,
                "unformattable": f"{type(error).__name__}: {error}",
                "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
                "worker": worker_name(),
            }
            return json.dumps(self.redactor.value(shown))


class TerminalHandler(logging.Handler):
    """Writes a message above the progress line, without traceback."""

    def __init__(self, console: Console, redactor: Redactor) -> None:
        super().__init__()
        self.console = console
        self.redactor = redactor

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line. If that fails, `logging` reports it."""
        try:
            message = record.getMessage()
            cause = record.exc_info[1] if record.exc_info else None
            if cause is not None and str(cause) not in message:
                message = f"{message}: {type(cause).__name__}: {cause}"
            message = self.redactor.text(message)
            style = "red" if record.levelno >= logging.ERROR else "yellow"
            shown = terminal_text(message, encoding=self.console.encoding)
            line = Text.assemble((f"{record.levelname.lower()}: ", style), shown)
            self.console.print(line)
        except Exception:  # noqa: BLE001 - as logging.StreamHandler does
            self.handleError(record)
