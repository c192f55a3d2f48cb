"""Why a URL, a file or a message ended as it did: every reason, and what follows from it.

People see a reason's spelling in metrics, dead letters and counts, so it never changes. docs/reasons.md is
written from this table.
"""

import re
from enum import StrEnum
from functools import cache
from http import HTTPStatus
from typing import Self

from alonchat_crawl.outcomes import Outcome

STORED, UNCHANGED, FOLLOWED = Outcome.STORED, Outcome.UNCHANGED, Outcome.FOLLOWED
REFUSED, RETRY, DEFERRED, DEAD = Outcome.REFUSED, Outcome.RETRY, Outcome.DEFERRED, Outcome.DEAD

RETRY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
"""Statuses worth another attempt. 520 to 524 are Cloudflare's own."""
GONE_STATUSES = frozenset({404, 410})
"""With these a site says that the page no longer exists (RFC 9110, sections 15.5.5 and 15.5.11)."""
NAMED_STATUSES = frozenset(map(str, RETRY_STATUSES.union(HTTPStatus)))
"""Statuses that get a metric's label of their own. A site can send any number, so all others share one."""
OTHER = "other"
"""Stands for a status that HTTP does not allow, and labels all that get no label of their own."""
_STATUS = re.compile(r"(?:(?P<file>robots|tdm) )?http (?P<status>[1-9][0-9]{2}|other)")


class Reason(StrEnum):
    """Each member has its spelling, its meaning, and the outcomes that it goes with.

    `http NNN`, `robots http NNN` and `tdm http NNN` are families with a member for each status; `Reason.http`
    makes them. A RETRY that fails for the last time ends as DEAD, with the same reason.
    """

    meaning: str
    outcomes: frozenset[Outcome]
    """Empty for a reason that is only logged."""

    def __new__(cls, spelling: str, meaning: str = "", *outcomes: Outcome) -> Self:
        """Make the string; the rest become its attributes."""
        one = str.__new__(cls, spelling)
        one._value_ = spelling
        one.meaning = meaning
        one.outcomes = frozenset(outcomes)
        return one

    NONE = "", "Nothing is wrong.", STORED, UNCHANGED, FOLLOWED
    REDIRECT = "redirect", "It redirected to another URL, which is queued in its place.", FOLLOWED
    ARCHIVE = "archive", "It is an archive, whose files are queued.", FOLLOWED

    # The network, in the order in which a request meets it.
    DNS = "dns", "The host's name could not be resolved.", RETRY
    CONNECT_TIMEOUT = "connect timeout", "The host did not accept the connection in time.", RETRY
    CONNECTION_REFUSED = "connection refused", "The host refused the connection.", RETRY
    TLS = "tls", "TLS failed; refused if its certificate or version cannot be trusted.", REFUSED, RETRY
    CONNECTION = "connection", "The connection broke.", RETRY
    FIRST_BYTE_TIMEOUT = "first byte timeout", "The site did not begin to respond in time.", RETRY
    TIMEOUT = "timeout", "The response was not complete in time.", RETRY
    DATA_LOSS = "data loss", "The connection broke in the middle of the body.", RETRY
    MALFORMED = "malformed", "The response is not HTTP.", DEAD
    HEADERS_TOO_LARGE = "headers too large", "The response's headers are too long or too many.", REFUSED
    CHUNKS_TOO_SMALL = "chunks too small", "The body comes in pieces of almost no bytes.", REFUSED
    TOO_LARGE = "too large", "The body or file is larger than may be read.", REFUSED
    ENCODING = "encoding", "The body's compression is broken, or nested too deeply.", DEAD

    # Where a request may go.
    URL = "url", "The URL cannot be read, or has no host.", REFUSED
    SCHEME = "scheme", "The URL is neither http nor https.", REFUSED
    CREDENTIALS = "credentials", "The URL has a user name or password in it.", REFUSED
    METHOD = "method", "The request is neither GET nor HEAD.", REFUSED
    ADDRESS = "address", "The host's address is not public (SSRF_ALLOWED_NETWORKS names exceptions).", REFUSED
    PORT = "port", "The port is not in CRAWL_ALLOWED_PORTS.", REFUSED
    BLOCKLIST = "blocklist", "The host, address or URL is on a blocklist.", REFUSED
    BLOCKLIST_ERROR = "blocklist error", "It could not be compared with the blocklists.", REFUSED
    SCOPE = "scope", "It redirects out of its source.", REFUSED
    REDIRECTS = "redirects", "It redirects in a loop, or too often.", DEAD

    # What the site asks of robots.
    ROBOTS = "robots", "robots.txt forbids it; deferred: robots.txt is fetched first.", REFUSED, DEFERRED
    ROBOTS_UNREACHABLE = "robots unreachable", "robots.txt cannot be fetched, which forbids all.", REFUSED
    TDM = (
        *("tdm", "Mining it is reserved (TDM_RESERVATION=obey); deferred: the site's file is fetched first."),
        *(REFUSED, RETRY, DEFERRED),
    )
    NOINDEX = "noindex", "The page asks not to be indexed.", REFUSED

    # What the page is.
    MEDIA_TYPE = "media type", "It is neither HTML nor text, nor a file that its source takes in.", REFUSED
    EMPTY = "empty", "The page has no text.", REFUSED
    DUPLICATE = "duplicate", "It is another address of a page that this crawl has stored.", REFUSED
    SITEMAP = "sitemap", "The sitemap cannot be read, or is nested too deeply.", DEAD
    EXTRACT = "extract", "The page could not be parsed.", DEAD
    OTHER_ETAG = (
        "other etag",
        "A 304 confirms another version than the stored one: next it is fetched whole.",
        RETRY,
    )
    STORED_PAGE_CHANGED = (
        *(
            "stored page changed",
            "A 304 came, but the stored page is gone or replaced: next it is fetched whole.",
        ),
        RETRY,
    )

    # Crawler traps.
    TRAP_SUBDOMAINS = (
        "trap: subdomains",
        "The host has too many labels, or the source too many hosts.",
        REFUSED,
    )
    TRAP_DEEP_PATH = "trap: deep path", "The path has too many segments.", REFUSED
    TRAP_REPEATING_PATH = "trap: repeating path", "The path repeats its segments again and again.", REFUSED
    TRAP_GROWING_QUERY = "trap: growing query", "The query grows from page to page.", REFUSED
    TRAP_CALENDAR = "trap: calendar", "A calendar far from today, or too many of its pages.", REFUSED
    TRAP_SITEMAPS = "trap: sitemaps", "The source has too many sitemaps.", REFUSED
    TRAP_TOO_MANY_VARIANTS = "trap: too many variants", "A path with too many queries.", REFUSED
    TRAP_SAME_TEXT = "trap: same text", "Too many pages of the source have this text.", REFUSED
    TRAP_ENDLESS_PAGES = (
        "trap: endless pages",
        "Too many pages are built alike: this one is stored, its links are not followed.",
    )

    # The frontier's own.
    PACE = "pace", "It is too early to ask its domain again.", DEFERRED
    NO_ROOM = "no room", "The worker has no room for so large a body now (WORKER_BODIES_MB).", DEFERRED
    LEASE_TOO_OLD = (
        "lease too old",
        "Its worker stood still: another worker may have the URL by now.",
        DEFERRED,
    )
    LEASE_EXPIRED = "lease expired", "Its worker died. A page that kills workers ends with this.", RETRY
    LINKS = "links", "Its links could not be kept in the frontier.", DEAD
    MAX_PAGES = "max_pages", "The source has all the pages that it may have.", REFUSED
    MAX_URLS = "max_urls", "The source has met too many URLs for its page limit.", REFUSED
    CANCELLED = "cancelled", "The source was cancelled.", REFUSED
    UNREADABLE = "unreadable", "Somebody else wrote into Redis: the entry or source is set aside.", DEAD

    # Files and archives.
    FILE_EMPTY = "file empty", "The file has no bytes.", DEAD
    FILE_TYPE = "file type", "The file is of a type that is not read.", DEAD
    FILE_MALFORMED = "file malformed", "The file is damaged.", DEAD
    FILE_ENCRYPTED = "file encrypted", "The file is protected by a password or DRM.", DEAD
    FILE_WITHOUT_TEXT = "file without text", "The file has no text: perhaps it is scanned.", DEAD
    FILE_UNREADABLE = "file unreadable", "The local file cannot be opened.", DEAD
    FILES_UNKNOWN = "files unknown", "The upload's list of files is no longer kept: seed it again.", DEAD
    DISK = "disk", "The local file could not be read to its end.", RETRY
    ZIP_BOMB = "zip bomb", "The file would inflate beyond its limits.", DEAD
    XML_BOMB = "xml bomb", "The file's XML declares entities of its own, or is nested too deeply.", DEAD
    ARCHIVE_MALFORMED = "archive malformed", "As `file malformed`, of an archive.", DEAD
    ARCHIVE_ENCRYPTED = "archive encrypted", "As `file encrypted`, of an archive.", DEAD
    ARCHIVE_TOO_MANY_FILES = "archive too many files", "The archive has too many files.", DEAD
    ARCHIVE_IN_ARCHIVE = "archive in archive", "An archive within an archive is not opened.", DEAD
    BULK_UPLOAD = "bulk upload", "Several files, or an archive, need ENABLE_BULK_UPLOAD.", DEAD
    STORAGE_BUCKET = "storage bucket", "The object's bucket is not in S3_BUCKETS.", DEAD
    STORAGE_PREFIX = "storage prefix", "The object is not the project's: its key has another prefix.", DEAD

    # The virus scanner.
    INFECTED = "infected", "A virus was found in it.", DEAD
    SCAN_TOO_LARGE = "scan too large", "It is larger than the virus scanner accepts.", DEAD
    SCANNER_UNREACHABLE = "scanner unreachable", "clamd is away.", RETRY, DEFERRED
    SCANNER_TIMEOUT = "scanner timeout", "clamd did not respond in time.", RETRY, DEFERRED
    SCANNER_ERROR = (
        "scanner error",
        "clamd gave no verdict, or missed a test virus.",
        RETRY,
        DEFERRED,
    )

    # The processes that parse.
    PARSER_TIMEOUT = "parser timeout", "Parsing it took too long.", DEAD
    PARSER_MEMORY = "parser memory", "Parsing it took too much memory.", DEAD
    PARSER_CRASH = "parser crash", "Its parser crashed, or returned something that is not valid.", DEAD
    PARSER_START = "parser start", "No process for a parser can be started.", DEFERRED

    # Our own services.
    MODEL = "model", "The embedding model cannot be loaded, or the worker is stopping.", DEFERRED
    EMBED = "embed", "The embedding model failed on this page.", RETRY
    REDIS = "redis", "Redis does not respond.", DEFERRED
    REDIS_ENTRY = "redis entry", "Somebody else wrote into a key of Redis that this page needs.", RETRY
    POSTGRES = "postgres", "Postgres refused; deferred: it is away, or its schema is old.", RETRY, DEFERRED
    STORE = "store", "Postgres cannot hold this text.", DEAD
    SOURCE_ERASED = "source erased", "The source was erased while its page was read.", DEAD
    DROPPED = "dropped", "Scrapy, or a component of another project, dropped it.", REFUSED
    ERROR = "error", "An unexpected error: its class and text are in the detail.", DEAD

    # Messages: seeds and orders.
    BAD_SEED = "bad seed", "The seed is not valid.", DEAD
    BAD_ORDER = "bad order", "The order is not valid.", DEAD
    TOO_LONG = "too long", "The message is longer than MESSAGE_MAX_BYTES.", DEAD
    WRONG_PROJECT = "wrong project", "The source belongs to another project.", DEAD
    OTHER_KIND = (
        "other kind",
        "The seed is of a web site, the running source an upload, or the reverse.",
        DEAD,
    )
    UNKNOWN_SOURCE = "unknown source", "The order is for a source that the frontier does not know.", DEAD
    SOURCE_NOT_OPEN = "source not open", "The order is for a source that has ended, or is being opened.", DEAD
    CLOSING = "closing", "The seed waits until the source's last crawl is written to Postgres.", RETRY
    RUNNING = "running", "The upload's seed waits until its running crawl has ended.", RETRY

    @classmethod
    def http(cls, status: int, file: "Reason | None" = None) -> "Reason":
        """The reason for a status; with `file`, ROBOTS or TDM, for the status of that file of a site."""
        number = str(status) if 100 <= status <= 999 else OTHER  # noqa: PLR2004 - three digits, says HTTP
        return cls(f"{file} http {number}" if file else f"http {number}")

    @classmethod
    def known(cls, spelling: str) -> "Reason | None":
        """Read a reason from text; None for one that only another version knows."""
        try:
            return cls(spelling)
        except ValueError:
            return None

    @classmethod
    def _missing_(cls, value: object) -> "Reason | None":
        found = _STATUS.fullmatch(value) if isinstance(value, str) else None
        return _of_status(found[0], found["status"], found["file"]) if found else None

    def __reduce_ex__(self, _protocol: object) -> tuple[type["Reason"], tuple[str]]:
        """Copy by the spelling: Python 3.11.2 copies an enum by its name, and statuses have none."""
        return Reason, (self.value,)

    @property
    def is_retried(self) -> bool:
        """Whether another attempt may end better."""
        return RETRY in self.outcomes

    @property
    def is_gone(self) -> bool:
        """Whether the site says that the page no longer exists."""
        return self in GONE

    @property
    def label(self) -> str:
        """A metric's label. There are few, whatever a site sends."""
        status = self.rpartition("http ")[2] if self.name not in Reason.__members__ else ""
        return self.value if not status or status in NAMED_STATUSES else OTHER

    def saw_whole(self, outcome: Outcome) -> bool:
        """Whether the crawl still saw its whole source although a URL ended like this.

        If not, a page that the crawl did not meet may still exist: perhaps only the failed page links to it.
        """
        return self.is_gone if outcome is DEAD else self not in CUT_SHORT


CUT_SHORT = frozenset({Reason.MAX_PAGES, Reason.MAX_URLS, Reason.CANCELLED, Reason.ROBOTS_UNREACHABLE})
"""Refusals that leave URLs unseen which a later crawl may store."""
OF_MESSAGES = frozenset(
    {Reason.BAD_SEED, Reason.BAD_ORDER, Reason.TOO_LONG, Reason.WRONG_PROJECT, Reason.OTHER_KIND}
    | {Reason.UNKNOWN_SOURCE, Reason.SOURCE_NOT_OPEN, Reason.CLOSING, Reason.RUNNING}
)
"""Reasons of seeds and orders only: they say nothing about a source."""


@cache
def _of_status(spelling: str, status: str, file: str | None) -> Reason:
    """A member of a family, made once."""
    number = int(status) if status != OTHER else 0
    if file is not None:
        meaning, outcome = f"The site's file for `{file}` is asked for first, and got this status.", DEFERRED
    elif number in RETRY_STATUSES:
        meaning, outcome = "The site cannot serve it now.", RETRY
    elif number in GONE_STATUSES:
        meaning, outcome = "The site says that the page no longer exists.", DEAD
    elif number == HTTPStatus.NOT_MODIFIED:
        meaning, outcome = "The page has not changed since it was stored.", UNCHANGED
    else:
        meaning, outcome = "The site will not serve it.", DEAD
    one = str.__new__(Reason, spelling)
    one._name_ = one._value_ = spelling
    one.meaning, one.outcomes = meaning, frozenset({outcome})
    return one


GONE = frozenset(map(Reason.http, GONE_STATUSES))
