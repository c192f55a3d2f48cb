"""The sandbox's own tasks, and one that tells what they import. Runs in its processes."""

import sys

from alonchat_crawl.sandbox import tasks

HERE = "tests.support.sandbox_pages"
WARM_UP = tasks.WARM_UP
TASKS = {**tasks.TASKS, "imported": f"{HERE}:imported"}


def imported() -> list[str]:
    """Return which of the large modules this process has."""
    return [name for name in ("scrapy", "twisted", "alonchat_crawl.settings") if name in sys.modules]
