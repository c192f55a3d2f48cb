"""Which values SENTRY_DSN may not have."""

from traceback import format_exception

import pytest

from alonchat_crawl.errors import StartupError
from alonchat_crawl.operations.logs.redaction import Redactor
from alonchat_crawl.operations.logs.sentry import Sentry

PASSWORD = "hunter2-planted"  # noqa: S105 - planted


@pytest.mark.parametrize("dsn", [f"nonsense:{PASSWORD}", f"http://{PASSWORD}@/1", "http://host/1", "://"])
def test_malformed_dsn_is_refused_without_showing_it(dsn: str) -> None:
    """One sentence names the variable; neither it nor the traceback has the value."""
    with pytest.raises(StartupError, match=r"^SENTRY_DSN cannot be used: .*\.$") as refused:
        Sentry(dsn, Redactor())
    assert PASSWORD not in "".join(format_exception(refused.value))
