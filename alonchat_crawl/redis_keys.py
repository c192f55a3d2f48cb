"""All keys that the program has in Redis. Their names are written here and nowhere else.

Python asks an entry for a key's name (`QUEUE.of(shard=…, domain=…, source=…)`). For Lua,
`frontier/lua_keys.py` makes functions of the same entries (`queue_key(domain, source)`). Templates are those
of `str.format`. The part of a key's name in braces is its hash tag: keys with the same tag lie in the same
slot of a Redis cluster, and a script may touch keys of one slot only.

A script should be passed every key that it touches. The frontier's scripts are passed a prefix instead, and
build the keys, since which keys they touch depends on what they read: `take` learns only while it runs whose
turn it is, in which domain, and for which source. This is safe in a cluster, because all keys that a script
builds share the hash tag of the key that it was passed (KEYS[1]), and so lie in the same slot.

Running deployments hold keys of these names. Whoever changes the name or content of one must raise LAYOUT.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter
from uuid import UUID

LAYOUT = 2
"""Number of the frontier's layout. A worker never touches keys of another one: sources begin anew."""

SEEN_BUCKET = 200
"""Fingerprints in one SEEN key, on average. Redis packs up to 512 of them (set-max-intset-entries)."""


class RedisType(StrEnum):
    """What Redis' command TYPE returns."""

    STRING = "string"
    HASH = "hash"
    LIST = "list"
    SET = "set"
    ZSET = "zset"
    STREAM = "stream"
    ANY = "any"


class Owner(StrEnum):
    """Whose data a key holds. It tells what to delete when a tenant is erased."""

    SOURCE = "a source"
    TENANT = "a tenant"
    MANY = "many tenants: each member or field is of one"
    SITE = "nobody: what is known of a site"
    NOBODY = "nobody: a counter or a lock"
    LETTER = "whoever its dead letter names"


class Slot(StrEnum):
    """Which slot of a cluster a key lies in."""

    SHARD = "its shard's"
    LIST = "its list's"
    OWN = "its own"


@dataclass(frozen=True, slots=True)
class RedisKey:
    """One kind of key. Under each entry stands what it holds, and how long."""

    template: str
    type: RedisType
    owner: Owner
    slot: Slot

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of what is put into the template, in its order."""
        return tuple(name for _, name, _, _ in Formatter().parse(self.template) if name)

    def of(self, **parts: object) -> str:
        """The name of one such key."""
        return self.template.format(**parts)

    def pattern(self, **parts: object) -> str:
        """A pattern for the commands KEYS and SCAN: any value for each part that is not given."""
        given = {name: re.sub(r"([\\*?\[\]])", r"\\\1", str(value)) for name, value in parts.items()}
        return self.template.format(**(dict.fromkeys(self.parts, "*") | given))


def prefix_of(shard: int, space: str = "") -> str:
    """What all keys of a shard begin with, for instance `f2:{0}`. A `space` sets a frontier apart."""
    return f"{space}f{LAYOUT}:{{{shard}}}"


def every_key_pattern(prefix: str) -> str:
    """A pattern for all keys of a shard."""
    return f"{prefix}:*"


def local_space(source_id: UUID) -> str:
    """The space of a source whose files only one machine has. Its one worker deletes it in the end."""
    return f"local-{source_id}:"


def _shard(words: str, type_: RedisType, owner: Owner) -> RedisKey:
    return RedisKey(f"{{shard}}:{words}", type_, owner, Slot.SHARD)


def _list(words: str, type_: RedisType, owner: Owner) -> RedisKey:
    return RedisKey(f"{{{{{{list}}}}}}:{words}", type_, owner, Slot.LIST)


def _own(template: str, type_: RedisType, owner: Owner) -> RedisKey:
    return RedisKey(template, type_, owner, Slot.OWN)


STRING, HASH, LIST, SET, ZSET, STREAM, ANY = RedisType

# --- The frontier's, of one source ---

SOURCE = _shard("source:{source}", HASH, Owner.SOURCE)
"""Fields: spec, tenant, origins, crawl (the run's id), step (of virtual time for one URL), state, ends (why
nothing more is fetched), max_pages, pending, leased, seen, started_ms, first_failure, n:<outcome>,
r:<outcome>:<reason>. Kept until 7 days after it is closed."""
SOURCE_DOMAINS = _shard("domains:{source}", SET, Owner.SOURCE)
"""Domains in which the source has a queue. Kept while the source has URLs there."""
QUEUE = _shard("queue:{domain}:{source}", LIST, Owner.SOURCE)
"""Entries of `codec.encode_entry`, newest left. Kept while the source has URLs there."""
DELAYED = _shard("delayed:{source}", ZSET, Owner.SOURCE)
"""Msgpack {domain, entry} -> ms at which it is queued again. Kept while URLs of it wait to be tried again."""
SEEN = _shard("seen:{source}:{bucket}", SET, Owner.SOURCE)
"""63-bit fingerprints of the URLs that it has met. Kept until it is closed; 1 day longer if it has dead
letters."""

# --- The frontier's, of one tenant ---

READY = _shard("ready:{tenant}", ZSET, Owner.TENANT)
"""Domain in which it is its turn -> ms from which it may be taken. Kept while the tenant has URLs that may be
fetched."""
SOURCE_TURNS = _shard("turns:{domain}:{tenant}", ZSET, Owner.TENANT)
"""The tenant's source with URLs in the domain -> its virtual time. Kept while the tenant has URLs there that
may be fetched."""

# --- The frontier's, of all tenants. A waiting domain is in one READY, its tenant in TENANTS or WAITING ---

TENANT_TURNS = _shard("turns:{domain}", ZSET, Owner.MANY)
"""Tenant with URLs in the domain -> its virtual time. Kept while the source has URLs there."""
TENANTS = _shard("tenants", ZSET, Owner.MANY)
"""Tenant with a domain that is due -> its virtual time: the lowest is served next. Kept while a domain of the
tenant is due."""
WAITING = _shard("waiting", ZSET, Owner.MANY)
"""Tenant without a domain that is due -> ms of its next one, or sooner. Kept while the tenant has URLs that
may be fetched."""
SERVED = _shard("served", ZSET, Owner.MANY)
"""Tenant without a due domain -> its virtual time. Kept until CLOCK reaches it."""
DELAYED_SOURCES = _shard("delayed", ZSET, Owner.MANY)
"""Source with URLs to be tried again -> ms of the first. Kept while it has any."""
LEASES = _shard("inflight", HASH, Owner.MANY)
"""Lease id -> msgpack {source, domain, entry}. Kept until the lease ends."""
LEASE_EXPIRY = _shard("lease", ZSET, Owner.MANY)
"""Lease id -> ms at which it expires. Kept until the lease ends."""
LINKS_ADDED = _shard("told", HASH, Owner.MANY)
"""Lease id -> how many links of its page `add` was told. Kept until the lease ends."""
RUNNING = _shard("running", SET, Owner.MANY)
"""Sources that are open. Kept until the source is done."""
PAUSED = _shard("paused", SET, Owner.MANY)
"""Open sources that are paused. Kept until the source is resumed."""
COMPLETED = _shard("completed", ZSET, Owner.MANY)
"""Source that is done -> ms. Kept until its end is written to Postgres."""
UNREADABLE = _shard("unreadable", SET, Owner.MANY)
"""Sources that are set aside. Kept until the source is seeded again."""
DEAD = _shard("dead", STREAM, Owner.MANY)
"""Dead letters, oldest first: project, source, url, reason, letter, aside. Each is kept until it is
dropped, or pushed out by newer ones."""
SET_ASIDE = _shard("aside:{name}", ANY, Owner.LETTER)
"""A key of the shard that could not be read, as it was found. Kept until its dead letter is dropped."""

# --- The frontier's, of nobody ---

DOMAIN = _shard("domain:{domain}", HASH, Owner.SITE)
"""Fields: tenant (whose turn it is), hold (id of the lease or reservation whose request is in flight), next
(ms from which it may be taken while nobody has URLs in it), delay (ms, AutoThrottle's), pace (ms, the last
one if it was long), level (429s and 503s in a row). Kept until 1 day after its last URL if anything was
learnt of it."""
SITE = _shard("site:{site}", HASH, Owner.SITE)
"""Of a domain whose pace is kept by an address that it shares: next, delay, pace, level, as above. Kept until
1 day after its last request."""
CLOCK = _shard("clock", STRING, Owner.NOBODY)
"""Virtual time of the tenant that was served last. Kept for ever."""
PENDING = _shard("pending", STRING, Owner.NOBODY)
"""URLs of all sources that have not ended. Kept for ever."""
SEQUENCE = _shard("sequence", STRING, Owner.NOBODY)
"""Number of the last lease. Kept for ever."""
WAKE = _shard("wake", LIST, Owner.NOBODY)
"""One element if an idle worker is wanted. Kept until a worker takes it."""
DEAD_BYTES = _shard("dead_bytes", STRING, Owner.NOBODY)
"""Bytes of all dead letters. Kept while there are any."""
DEAD_EVICTED = _shard("dead_evicted", STRING, Owner.NOBODY)
"""Dead letters that were pushed out, ever. Kept for ever."""
SET_ASIDE_COUNT = _shard("set_aside", STRING, Owner.NOBODY)
"""Entries that were set aside, ever. Kept for ever."""

# --- Of the frontier as a whole ---

HOME = _own("home:{source}", STRING, Owner.SOURCE)
"""Its shard, if there are several. Kept until it is closed."""
SHARD_COUNT = _own("frontier:shards", STRING, Owner.NOBODY)
"""FRONTIER_SHARDS of all workers. Kept for ever."""
RECOVERY_LOCK = _own("frontier:recovery", STRING, Owner.NOBODY)
"""The worker that looks for sources that Redis lost. Kept for 20 seconds."""

# --- The lists of the web app (REDIS_START_URLS_KEY, REDIS_ORDERS_KEY), and what lies beside each ---

MESSAGES = RedisKey("{list}", LIST, Owner.MANY, Slot.LIST)
"""Messages of all projects, newest left. Kept until it is in a lane."""
GUARD = _list("guard", STRING, Owner.NOBODY)
"""A word: a blocking move onto it takes no message. Kept for ever."""
READER_LOCK = _list("reader", STRING, Owner.NOBODY)
"""The worker that reads the list. Kept for 20 seconds."""
LANES = _list("lanes", ZSET, Owner.MANY)
"""Project with a lane -> µs from which it may have a turn. Kept while it has messages."""
LANE = _list("lane:{project}", LIST, Owner.TENANT)
"""Its messages, newest left. Kept until a worker has acted on it."""
LIST_SET_ASIDE = _list("guard:aside:{name}", ANY, Owner.LETTER)
"""What stood in the list's place. Kept until its dead letter is dropped."""

# --- Of policies, and of any key outside the shards that somebody else wrote into ---

ROBOTS_TXT = _own("robots:{token}:{origin}", STRING, Owner.SITE)
"""What robots.txt tells our product token. Kept for ROBOTS_CACHE_SECONDS."""
TDM_FILE = _own("tdm:{origin}", STRING, Owner.SITE)
"""What tdmrep.json says. Kept for ROBOTS_CACHE_SECONDS."""
TRAP_COUNTERS = _own("traps:{crawl}", STRING, Owner.SOURCE)
"""16-bit counters of what a run's pages repeat. Kept until 2 hours after the last page."""
ADDRESS = _own("address:{domain}", STRING, Owner.SITE)
"""The address that a domain's pace is kept by. Kept until 1 day after its last use."""
KEY_SET_ASIDE = _own("{{{key}}}:aside:{name}", ANY, Owner.LETTER)
"""A key that cannot be read. Kept for 30 days."""
TAGGED_KEY_SET_ASIDE = _own("{key}:aside:{name}", ANY, Owner.LETTER)
"""The same, of a key that has a hash tag. Kept for 30 days."""

KEYS: Mapping[str, RedisKey] = {
    name.lower(): value for name, value in dict(globals()).items() if isinstance(value, RedisKey)
}
"""All of them, by name."""

_NAMES_SET_ASIDE = re.compile(r"\{.*\}(:guard|:lanes|:lane:[0-9a-f-]+)?:aside:[0-9a-f-]+", re.DOTALL)


def name_set_aside(key: str, name: str) -> str:
    """The name for a key that is set aside: in the same slot, and read by nobody."""
    return (TAGGED_KEY_SET_ASIDE if key.startswith("{") else KEY_SET_ASIDE).of(key=key, name=name)


def is_set_aside(key: str) -> bool:
    """Whether a key outside the shards has such a name."""
    return bool(_NAMES_SET_ASIDE.fullmatch(key))
