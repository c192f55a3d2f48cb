"""Translates psycopg's errors into ours, which say whether a retry can help."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg

from alonchat_crawl.errors import GiveUp, Outage, ReasonedError, Retry
from alonchat_crawl.reasons import Reason

# By class of SQLSTATE (PostgreSQL's appendix A), because psycopg raises OperationalError for class 54.
_THE_DATA = ("22", "23", "54")  # data exception, integrity violation, program limit exceeded
_THE_SCHEMA = ("42P01", "42703", "42883")  # no such table, column, function
_THE_SERVER = ("08", "53", "57")  # connection exception, insufficient resources, operator intervention


def _translate(error: psycopg.Error) -> ReasonedError:
    # Only the primary message: details quote rows, and libpq's messages quote the connection string.
    state, message = error.sqlstate or "", error.diag.message_primary or type(error).__name__
    if isinstance(error, pg.ForeignKeyViolation):
        return GiveUp(Reason.SOURCE_ERASED, "The source was erased while its page was being read.")
    if isinstance(error, pg.UniqueViolation):  # another worker committed first; the next attempt sees its row
        return Retry(Reason.POSTGRES, f"Postgres refused: {message}.")
    if isinstance(error, psycopg.DataError) or state.startswith(_THE_DATA):
        return GiveUp(Reason.STORE, f"Postgres refused the text: {message}.")
    if state in _THE_SCHEMA:
        return Outage(Reason.POSTGRES, "The database's schema is missing or old: run `scrapy migrate`.")
    if state and not state.startswith(_THE_SERVER):
        return Retry(Reason.POSTGRES, f"Postgres refused: {message}.")
    return Outage(Reason.POSTGRES, f"Postgres cannot serve us: {message}.")


@contextmanager
def translated() -> Iterator[None]:
    """Raise Outage, Retry or GiveUp in place of psycopg's errors. Their messages hold no secrets."""
    try:
        yield
    except psycopg.Error as error:
        raise _translate(error) from error
    except UnicodeEncodeError as error:  # a lone surrogate
        raise GiveUp(Reason.STORE, "The text is not valid Unicode.") from error
