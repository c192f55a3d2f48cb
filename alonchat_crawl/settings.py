"""Every setting: its unit, its default, and the environment variable that it comes from.

An operator sets the variables of `environment.py`. The rest is ours and Scrapy's: the component tables
read as the flow of a page. Only these two files hold defaults, and nothing writes a setting at run time.
"""

import os
from typing import Any

from alonchat_crawl.environment import read_environment

environment = read_environment()

# --- Operator's settings, under the same names ---------------------------------------------------

# All but those that other settings are made of.
made_into_others = {"CRAWLER_USER_AGENT", "WORKER_CONCURRENCY", "CRAWL_ALLOWED_PORTS", "RATE_LIMIT_ENABLED"}
globals().update(environment.model_dump(exclude=made_into_others))

CRAWL_DELAY_SECONDS = environment.CRAWL_DELAY_SECONDS if environment.RATE_LIMIT_ENABLED else 0.0
# Ports of web sites. At others there are mail servers, databases and the like, which must not be crawled.
ALLOWED_PORTS = frozenset(map(int, environment.CRAWL_ALLOWED_PORTS.split(",")))
EMBEDDING_MODELS_DIR = environment.EMBEDDING_MODELS_DIR or environment.ALONCHAT_DATA_DIR / "models"
PARSER_PROCESSES = environment.PARSER_PROCESSES or min(4, os.cpu_count() or 1)

# --- Frontier --------------------------------------------------------------------------------------

REDIS_START_URLS_KEY = "%(name)s:start_urls"  # scrapy-redis' convention
REDIS_ORDERS_KEY = "%(name)s:orders"  # to pause, resume, cancel, cap or prioritise what is being crawled
MESSAGE_MAX_BYTES = 5_000_000  # of a seed or an order: 1,000 files with signed URLs of 4 KB; more is not read
MESSAGE_HEAD_BYTES = 2048  # that a dead letter keeps of a longer one, with its length and a digest
FRONTIER_LEASE_SECONDS = 30  # a dead worker's URLs come back after this; live ones extend
FRONTIER_MAX_ATTEMPTS = 5
FRONTIER_BACKOFF_SECONDS = 2.0  # × 2^attempts
FRONTIER_MAX_BACKOFF_SECONDS = 3600.0
FRONTIER_DEAD_LETTERS_MAX = 100_000  # of a shard; above one of the two the oldest fall out
FRONTIER_DEAD_LETTERS_MAX_BYTES = 64 * 1024 * 1024
FRONTIER_IDLE_POLL_SECONDS = 8  # an idle worker is woken for work, and looks this often by itself
FRONTIER_TERMINAL_POLL_SECONDS = 1.0  # the same for a crawl of one source, which nobody wakes
FRONTIER_PACE_MARGIN = 0.05  # share of the pace that is added, since delays on the way to a site vary
ROBOTS_CACHE_SECONDS = 86_000  # RFC 9309, section 2.4: at most 24 hours; a worker remembers it a minute more
ROBOTS_UNREACHABLE_SECONDS = 3600  # until a robots.txt that could not be fetched is tried again
ROBOTS_MAX_REDIRECTS = 5  # RFC 9309, section 2.3.1.2: at least five
ROBOTS_MAX_DELAY_SECONDS = 60.0  # a Crawl-delay above it would never let a crawl end
ROBOTS_MAX_BYTES = 512_000  # RFC 9309, section 2.5: at least 500 KiB
ROBOTS_MAX_KEPT_BYTES = 98_304  # a site's rules for us, compressed, in Redis; larger ones forbid all

# --- Sources ---------------------------------------------------------------------------------------

DEFAULT_PROJECT = "default"
MAX_PAGES = 10_000  # if the source's seed sets no limit
MAX_DEPTH = 50  # links followed from the start URL
MAX_LINKS_PER_PAGE = 2000  # the first ones; an index of a large manual has 800
REREAD_DAYS = 30  # a page is fetched whole again after this time, whatever its ETag says
TRAP_SAME_TEXT_MAX = 20  # pages of one run with the same text; more are refused, without their links
TRAP_SAME_PATTERN_MAX = 50  # pages alike but for numbers in text and URL; links of more are ignored
TRAP_CALENDAR_MAX = 1000  # pages for a day, a week or a month, at similar URLs
TRAP_VARIANTS_MAX = 200  # URLs of one path with three or more query parameters, all with familiar values
TRAP_FAMILIAR_PAGES = 50  # a value seen on more pages is familiar: it no longer counts as new content
TRAP_HOSTS_MAX = 200  # hosts besides the source's own, if `include` lets them in
TRAP_SITEMAPS_MAX = 1000  # sitemaps of one run
SITEMAP_MAX_INDEXES = 3  # indexes one below another
SITEMAP_MAX_URLS = 50_000  # a file's limit by sitemaps.org

ARCHIVE_SHELF_BYTES = 128 * 1024 * 1024  # of archives that a worker keeps while it reads their members
FILE_TIMEOUT_SECONDS = 300  # of an upload's file: 50 MB at 170 KB/s
# Of a file's text; the rest is left out. It is less than PAGE_MAX_STORED_CHARS, so that a file is cut by its
# reader, which knows how many rows or pages are left out.
FILE_MAX_CHARS = 1_900_000
CLAMD_SCANS = 4  # of a worker at once; clamd's MaxThreads are for all workers

# --- Knowledge -------------------------------------------------------------------------------------

# Of a page's or file's text: a novel and a half, 1,000 chunks of documentation, 45 s of embedding on two slow
# cores. A worker holds 32 pages; as many of this size are done within JOB_TIMEOUT_MS.
PAGE_MAX_STORED_CHARS = 2_000_000
CHUNK_BYTES = {"code": 2048, "documentation": 4096, "legal": 8192}  # of UTF-8
CHUNK_MIN_BYTES = 200  # smaller siblings are merged
WINDOW_TOKENS = 128  # measured best for retrieval with all-MiniLM-L6-v2; costs no more to embed
EMBEDDING_BATCH_WINDOWS = 8  # of similar length: as fast as 32, in less memory
EMBEDDING_TURN_SECONDS = 0.5  # one turn of the model; a new page waits for at most one
EMBEDDING_CACHE_WINDOWS = 20_000  # vectors that a worker remembers, at 1 KB: no text is embedded twice
POSTGRES_POOL_MAX = 4
STORE_GROUP_WINDOWS = 500  # windows written in one transaction: half a megabyte
STORE_WRITERS = 3  # groups at once: one is prepared while Postgres writes the others
PROMOTE_WINDOWS = 50_000  # a project that has as many is searched by an index of its own
SEARCH_RESULTS = 5  # printed by `scrapy search` unless -n says otherwise

# --- Watching ----------------------------------------------------------------------------------------

METRICS_MAX_PROJECTS = 200  # projects with a label of their own; all others are counted as `other`
READY_TIMEOUT_SECONDS = 2.0  # for Redis and Postgres to respond, when /readyz is asked for
READY_CACHE_SECONDS = 1.0  # many requests for /readyz within it cost no more than one
PROGRESS_REFRESH_SECONDS = 0.25  # of the line on a terminal
PROGRESS_LOG_SECONDS = 60.0  # between progress lines in the log

# --- Scrapy: the flow of a page ----------------------------------------------------------------------

BOT_NAME = "alonchat_crawl"
SPIDER_MODULES = ["alonchat_crawl.spiders"]
NEWSPIDER_MODULE = "alonchat_crawl.spiders"
COMMANDS_MODULE = "alonchat_crawl.commands"
USER_AGENT = environment.CRAWLER_USER_AGENT

SCHEDULER = "alonchat_crawl.worker.scheduler.FrontierScheduler"
PACER = "alonchat_crawl.worker.pacing.Pacing"
SCHEDULER_QUEUE_CLASS = "alonchat_crawl.frontier.queue.FrontierQueue"
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"  # the frontier's `add` deduplicates atomically

DOWNLOADER_MIDDLEWARES: dict[str, int | None] = {
    "alonchat_crawl.operations.logs.context.LogContext": 0,  # so that all the others log with it
    "alonchat_crawl.fetch.files.own_files.OwnFiles": 20,  # before policies that would resolve its URL
    "alonchat_crawl.policies.blocklists.policy.BlocklistPolicy": 40,
    "alonchat_crawl.policies.addresses.AddressPolicy": 50,
    "alonchat_crawl.policies.traps.policy.TrapPolicy": 60,  # before robots.txt: it costs the site no request
    "alonchat_crawl.policies.robots.policy.RobotsPolicy": 100,
    "alonchat_crawl.policies.robots.tdm_policy.TdmPolicy": 110,
    "alonchat_crawl.policies.status.StatusPolicy": 150,
    "alonchat_crawl.policies.conditional.ConditionalRequests": 200,
    # Right after ContentCoding (590) has decompressed it: nothing else sees a file's bytes before the scan.
    "alonchat_crawl.policies.scan.policy.ScanPolicy": 585,
    "alonchat_crawl.fetch.content_coding.ContentCoding": 590,
    "alonchat_crawl.policies.redirect_targets.MetaRefreshes": 580,  # both in the places of Scrapy's own
    "alonchat_crawl.policies.redirect_targets.Redirects": 600,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,  # the frontier retries
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,  # the source's scope decides
}
SPIDER_MIDDLEWARES: dict[str, int | None] = {
    "alonchat_crawl.operations.logs.context.LogContext": 0,  # so that all the others log with it
    "alonchat_crawl.worker.acknowledge.Acknowledge": 10,  # outermost: sees all that comes out
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,  # the frontier keeps depths
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,  # StatusPolicy decides
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,  # so does canonical_url
}
ITEM_PIPELINES = {
    "pipelines.sanitise.Sanitise": 100,
    "pipelines.unchanged.SkipUnchanged": 200,
    "pipelines.chunk.Chunker": 300,
    "pipelines.unchanged.RecogniseChunks": 350,
    "pipelines.embed.Embed": 400,
    "pipelines.store.Store": 500,
}
ADDONS: dict[str, int | None] = {"alonchat_crawl.operations.logs.logging.Logs": 0}
EXTENSIONS: dict[str, int | None] = {
    "alonchat_crawl.operations.metrics.exporter.Metrics": 10,
    "alonchat_crawl.operations.terminal.progress.ProgressLine": 20,
    "alonchat_crawl.operations.logs.sentry.Sentry": 30,
    "alonchat_crawl.control.project_upkeep.ProjectUpkeep": 50,
    "scrapy.extensions.telnet.TelnetConsole": None,
    "scrapy.extensions.logstats.LogStats": None,
    "alonchat_crawl.policies.throttle.SharedAutoThrottle": 40,
    "scrapy.extensions.throttle.AutoThrottle": None,  # it would slow only this worker's slots
    "scrapy.extensions.remote_control.RemoteControl": None,
}

# The frontier keeps the pace, and one request in flight for each registrable domain: slots add nothing.
CONCURRENT_REQUESTS = environment.WORKER_CONCURRENCY
CONCURRENT_REQUESTS_PER_DOMAIN = environment.WORKER_CONCURRENCY
# Items of one response, which makes at most one page. Scrapy starts so many tasks for every response: its
# default, 100, took a fifth of a worker's CPU. Between 1, 2 and 4 no difference could be measured.
CONCURRENT_ITEMS = 1
DOWNLOAD_DELAY = 0
DOWNLOAD_TIMEOUT = 60  # seconds, from name server to last byte
CONNECT_TIMEOUT_SECONDS = 10.0  # of each address that is tried
FIRST_BYTE_TIMEOUT_SECONDS = 30.0  # from name server to the response's first byte
CONNECTION_IDLE_SECONDS = 30.0  # an unused connection is kept so long, if the site leaves it open
DOWNLOAD_MAXSIZE = 20 * 1024 * 1024  # bytes of a body, on the wire and decompressed
HEADERS_MAX_BYTES = 256 * 1024  # Chrome's limit, for all but the body; chunk sizes and trailers count
HEADERS_MAX_COUNT = 500  # lines; those of interim responses count
DOWNLOAD_WARNSIZE = 0
DOWNLOAD_VERIFY_CERTIFICATES = True
DOWNLOAD_TLS_MIN_VERSION = "TLSv1.2"  # RFC 8996
DOWNLOAD_HANDLERS: dict[str, Any] = {
    "http": "alonchat_crawl.fetch.download_handler.GuardedHandler",
    "https": "alonchat_crawl.fetch.download_handler.GuardedHandler",
    "file": None,
    "ftp": None,
    "s3": None,
    "data": None,
}
TWISTED_DNS_RESOLVER = "alonchat_crawl.fetch.reactor_resolver.ReactorResolver"
DNS_TIMEOUT = 10  # seconds
DNS_KEPT_SECONDS = 60.0
REDIRECT_MAX_TIMES = 10
AUTOTHROTTLE_ENABLED = environment.RATE_LIMIT_ENABLED
AUTOTHROTTLE_TARGET_CONCURRENCY = 1.0  # one request in flight a domain: no faster than the site answers
AUTOTHROTTLE_MAX_DELAY = 60.0  # seconds
METAREFRESH_MAXDELAY = 1  # seconds; a page that is shown for longer is stored as a page
ROBOTSTXT_OBEY = True
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
# While the pipelines hold responses of so many bytes, no more URLs are taken. They are about a minute's work
# for the model on two cores: more would only wait, and exceed JOB_TIMEOUT_MS. A large one counts as 400 KB.
PIPELINES_MAX_BYTES = 1_000_000
SCRAPER_SLOT_MAX_ACTIVE_SIZE = 1 << 62  # Scrapy would let small pages wait for one large file
BODIES_WAIT_SECONDS = 20.0  # a large download waits so long for room, then gives its turn back
BODIES_AGAIN_SECONDS = 10.0  # until it is tried again

LOG_FORMATTER = "alonchat_crawl.operations.logs.logging.LogFormatter"
LOG_INSTALL_ROOT_HANDLER = False  # the add-on `Logs` installs ours
LOG_TEXT_MAX_CHARS = 4096  # of one text in a log line: never a whole page's body
LOG_VERSIONS: list[str] = []
STATS_DUMP = False
DEFAULT_DROPITEM_LOG_LEVEL = "DEBUG"
