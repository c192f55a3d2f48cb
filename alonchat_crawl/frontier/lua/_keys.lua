-- Prepended to every transition. KEYS[1] is the shard's prefix, for instance `f2:{0}`: whatever a transition
-- touches is built from it, and so lies in the shard's one cluster slot. Names are written here and in keys.py.
--
-- A domain in wait is in one list, under the tenant whose turn it is there; a tenant is in one of two:
--   ready:<tenant>    ZSET    domain -> ms from which it may be taken
--   tenants           ZSET    tenant with a domain that is due -> virtual time: the least served goes first
--   waiting           ZSET    tenant without one -> ms of its next domain, or sooner
--   served, clock     ZSET    tenant without one -> its virtual time, as long as that is ahead of the STRING: the
--                             virtual time of who was served last
--   domain:<domain>   HASH    tenant it is filed under, hold: id of the lease (or claim) whose request is in flight,
--                             next: ms from which it may be taken while nobody has URLs in it,
--                             delay: ms that AutoThrottle found, pace: the last
--                             one in ms if it was a long one, level: 429s and 503s in a row
--   site:<domain>     HASH    a registrable domain whose pace domain is an address that it shares: next, delay, pace,
--                             level, as above, of its own
--   turns:<domain>    ZSET    tenant with URLs in the domain -> virtual time
--   turns:<domain>:<tenant>   ZSET    source -> virtual time
--   queue:<domain>:<source>   LIST    entries, oldest at the right
--   domains:<source>  SET     domains in which the source has a queue
--   delayed           ZSET    source with retries in wait -> ms of the first
--   delayed:<source>  ZSET    msgpack {domain, entry} -> ms at which to queue it again
--   inflight, lease   HASH, ZSET      lease id -> msgpack {source, domain, entry}, -> ms of expiry
--   told              HASH    lease id -> links of its page that were told
--   source:<source>   HASH    spec, tenant, origins, crawl, step (of virtual time, a URL), state, ends (why nothing more
--                             is fetched), max_pages, pending, leased, seen, n:<outcome>, r:<outcome>:<reason>
--   seen:<source>:<bucket>    SET     63-bit fingerprints of the URLs it has met: see _seen.lua
--   running, paused   SETS    sources that are open; those of them that are paused
--   completed         ZSET    source -> ms: done here, not yet written to Postgres
--   pending           STRING  URLs of all sources not yet ended
--   sequence          STRING  number of the last lease
--   wake              LIST    holds one element where an idle worker is wanted
--   dead, dead_bytes, dead_evicted    STREAM of dead letters; STRINGS: their bytes; how many fell out of it
--   aside:<n>, set_aside      what nobody could read, as it was found, until its dead letter is dropped; STRING: how
--                             many entries ever were: see _aside.lua
--   unreadable        SET     sources of which that is true: they stand still until they are seeded again
--
-- entry = msgpack {kind, depth, origin, path, hops, failures}: origin is the index of one of the source's origins,
-- or -1 where `path` is a whole URL; failures, absent until there is one, are {s, reason, detail} each.
local P = KEYS[1]
local KEEP_BYTES, KEEP = tonumber(table.remove(ARGV)), tonumber(table.remove(ARGV)) -- of dead letters, at most
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function source_key(source) return P .. ':source:' .. source end
local function domain_key(domain) return P .. ':domain:' .. domain end
local function site_key(site) return P .. ':site:' .. site end
local function domains_key(source) return P .. ':domains:' .. source end
local function queue_key(domain, source) return P .. ':queue:' .. domain .. ':' .. source end
local function delayed_key(source) return P .. ':delayed:' .. source end
local function ready_key(tenant) return P .. ':ready:' .. tenant end
local function turns_key(domain, tenant) return P .. ':turns:' .. domain .. (tenant and ':' .. tenant or '') end
