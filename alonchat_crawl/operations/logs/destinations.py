"""Sends log lines to their destination: JSON lines to stderr or LOG_FILE, short warnings to a terminal."""

import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any, Final

from scrapy.settings import SETTINGS_PRIORITIES, BaseSettings

from alonchat_crawl.errors import StartupError
from alonchat_crawl.operations.logs.context import ContextFilter, of_files
from alonchat_crawl.operations.logs.records import JsonFormatter, TerminalHandler
from alonchat_crawl.operations.logs.redaction import Redactor
from alonchat_crawl.operations.terminal.console import STDERR

HANDLER_NAME: Final = "alonchat"

QUIET: Final = {
    "trafilatura": logging.CRITICAL,  # warns of every page without text, which the page's outcome says
    "sentence_transformers": logging.WARNING,
    "psycopg.pool": logging.ERROR,  # warns of each attempt to connect, which the pages' outcomes say
    "scrapy.addons": logging.WARNING,  # these three list components and settings at each start
    "scrapy.crawler": logging.WARNING,
    "scrapy.middleware": logging.WARNING,
}
"""Loggers with the lowest level that is logged: nobody could act on anything below it."""

logger = logging.getLogger(__name__)


def install(settings: BaseSettings) -> None:
    """Send every log line, warning and uncaught exception of this process to one handler.

    May be called again with other settings. Raises StartupError if LOG_FILE cannot be written.
    """
    redactor = Redactor.from_settings(settings, os.environ, settings.getint("LOG_TEXT_MAX_CHARS"), of_files)
    handler = _handler(settings, redactor)
    handler.set_name(HANDLER_NAME)
    handler.addFilter(_is_news)
    handler.addFilter(ContextFilter())
    for old in [one for one in logging.root.handlers if one.get_name() == HANDLER_NAME]:
        logging.root.removeHandler(old)
        old.close()
    logging.root.addHandler(handler)
    logging.root.setLevel(logging.NOTSET)
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _is_news(record: logging.LogRecord) -> bool:
    # Not by the levels of the loggers, since Scrapy's set-up resets those of its loggers.
    least = (level for name, level in QUIET.items() if f"{record.name}.".startswith(f"{name}."))
    return record.levelno >= max(least, default=logging.NOTSET)


def _handler(settings: BaseSettings, redactor: Redactor) -> logging.Handler:
    handler: logging.Handler
    if filename := settings.get("LOG_FILE"):
        handler = _file_handler(settings, Path(filename))
    elif not settings.getbool("LOG_ENABLED"):
        return logging.NullHandler()
    elif STDERR.is_terminal:
        handler = TerminalHandler(STDERR, redactor)
        if (settings.getpriority("LOG_LEVEL") or 0) < SETTINGS_PRIORITIES["cmdline"]:
            # Unless the command line asks for more: the progress line shows the rest.
            handler.addFilter(_matters_to_people)
        handler.setLevel(settings["LOG_LEVEL"])
        return handler
    else:
        handler = _StderrHandler()
    handler.setFormatter(JsonFormatter(redactor))
    handler.setLevel(settings["LOG_LEVEL"])
    return handler


def _file_handler(settings: BaseSettings, path: Path) -> logging.Handler:
    try:
        if not settings.getbool("LOG_FILE_APPEND"):
            path.write_bytes(b"")
        # Always in append mode: Scrapy's set-up closes all handlers, and another mode would truncate the file
        # again.
        return logging.FileHandler(path, mode="a", encoding=settings["LOG_ENCODING"])
    except OSError as error:
        raise StartupError(
            f"LOG_FILE={path} cannot be written ({error.strerror}): choose another."
        ) from error


class _StderrHandler(logging.StreamHandler[Any]):
    """Writes to the current `sys.stderr`."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr


def _matters_to_people(record: logging.LogRecord) -> bool:
    stopping = record.name == "scrapy.crawler" and str(record.msg).startswith("Received ")
    return stopping or (record.levelno >= logging.WARNING and record.name != "py.warnings")


def _log_uncaught(kind: type[BaseException], error: BaseException | None, traceback: Any) -> None:
    if issubclass(kind, (KeyboardInterrupt, SystemExit)) or error is None:
        return
    logger.critical("uncaught exception", exc_info=(kind, error, traceback))
