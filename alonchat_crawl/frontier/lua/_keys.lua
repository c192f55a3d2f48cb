-- Prepended to every transition. KEYS[1] is the shard's prefix, for instance `f:{0}`; every key that a
-- transition touches is built from it and so lies in the shard's one cluster slot (see keys.py).
--
--   ready            ZSET    domain -> ms at which it may be fetched next
--   hold             HASH    domain -> id of the lease whose request is in flight
--   turn:<domain>    ZSET    source -> URLs taken so far: the least served goes first
--   queue:<domain>:<source>  LIST of entries, oldest at the right
--   domains:<source> SET     domains in which the source has a queue
--   delayed          ZSET    msgpack {source, domain, entry} -> ms at which to queue it again
--   inflight, lease  HASH, ZSET   lease id -> msgpack {source, domain, entry}, -> ms of expiry
--   source:<source>  HASH    spec, host, state, pending, leased, max_pages, n:<outcome>, r:<outcome>:<reason>
--   seen:<source>    SET     63-bit fingerprints of the URLs it has met
--   running          SET     sources that are open
--   completed        ZSET    source -> ms: done here, not yet written to Postgres
--   dead             LIST    JSON dead letters, newest first
--   pending          STRING  URLs of all sources not yet ended
--
-- entry = msgpack {attempts made, kind, depth, url, hops}
local P = KEYS[1]
local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function source_key(source) return P .. ':source:' .. source end
local function queue_key(domain, source) return P .. ':queue:' .. domain .. ':' .. source end
