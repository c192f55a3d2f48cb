"""The program's settings with smaller limits, so that the crawl ends soon, and a watch on its worker."""

from alonchat_crawl.settings import *  # noqa: F403 - it is those settings
from alonchat_crawl.settings import EXTENSIONS as THE_PROGRAMS

EXTENSIONS = {**THE_PROGRAMS, "tests.sites.hostile.watch.Watch": 1}

DOWNLOAD_TIMEOUT = 3
FIRST_BYTE_TIMEOUT_SECONDS = 1.5
CONNECT_TIMEOUT_SECONDS = 1.0
FRONTIER_MAX_ATTEMPTS = 1
FRONTIER_BACKOFF_SECONDS = 0.1
FRONTIER_TERMINAL_POLL_SECONDS = 0.1
REDIRECT_MAX_TIMES = 5
PARSER_SECONDS = 3
MAX_LINKS_PER_PAGE = 400
TRAP_SAME_TEXT_MAX = 8
TRAP_SAME_PATTERN_MAX = 15
TRAP_CALENDAR_MAX = 20
TRAP_HOSTS_MAX = 8
TRAP_FAMILIAR_PAGES = 5
TRAP_VARIANTS_MAX = 10
TRAP_SITEMAPS_MAX = 40
