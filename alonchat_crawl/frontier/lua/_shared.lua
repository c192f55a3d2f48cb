-- Prepended to every transition. KEYS[1] is the shard's prefix, for instance `f:{0}`; every key a
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
-- entry = msgpack {attempts made, kind, depth, url}
local P = KEYS[1]
local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function source_key(source) return P .. ':source:' .. source end
local function queue_key(domain, source) return P .. ':queue:' .. domain .. ':' .. source end

-- Queue an entry, at the head where it has waited before, and let its domain be taken when it may.
local function enqueue(source, domain, entry, at_head)
  call(at_head and 'RPUSH' or 'LPUSH', queue_key(domain, source), entry)
  call('SADD', P .. ':domains:' .. source, domain)
  local turn = P .. ':turn:' .. domain
  local first = call('ZRANGE', turn, 0, 0, 'WITHSCORES')
  call('ZADD', turn, 'NX', first[2] or 0, source)
  call('ZADD', P .. ':ready', 'NX', now, domain)
end

local completed = {} -- the sources that this call completed

-- Count `n` URLs of a source as ended, and complete the source with its last one.
local function finish(source, outcome, reason, n)
  local key = source_key(source)
  call('HINCRBY', key, 'n:' .. outcome, n)
  if reason ~= '' then call('HINCRBY', key, 'r:' .. outcome .. ':' .. reason, n) end
  call('DECRBY', P .. ':pending', n)
  if call('HINCRBY', key, 'pending', -n) > 0 then return end
  call('HSET', key, 'state', 'completed')
  call('SREM', P .. ':running', source)
  call('ZADD', P .. ':completed', now, source)
  call('UNLINK', P .. ':seen:' .. source, P .. ':domains:' .. source)
  completed[#completed + 1] = source
end

-- End a lease and free its domain; nil where it ended before, else source, domain, entry (unpacked).
local function release_lease(id)
  local packed = call('HGET', P .. ':inflight', id)
  if not packed then return nil end
  call('HDEL', P .. ':inflight', id)
  call('ZREM', P .. ':lease', id)
  local source, domain, entry = unpack(cmsgpack.unpack(packed))
  call('HINCRBY', source_key(source), 'leased', -1)
  if call('HGET', P .. ':hold', domain) == id then
    call('HDEL', P .. ':hold', domain)
    call('ZADD', P .. ':ready', 'XX', now, domain)
  end
  return source, domain, cmsgpack.unpack(entry)
end

local function bury(source, entry, reason, detail, keep)
  local spec = call('HGET', source_key(source), 'spec')
  call('LPUSH', P .. ':dead', cjson.encode({
    source = cjson.decode(spec or '{}'), url = entry[4], kind = entry[2], depth = entry[3],
    attempts = entry[1], reason = reason, detail = detail, at_ms = now,
  }))
  call('LTRIM', P .. ':dead', 0, keep - 1)
end

-- Try again after delay_ms, or bury after the last attempt.
local function try_again(source, domain, entry, reason, detail, delay_ms, max_attempts, keep)
  entry[1] = entry[1] + 1
  if entry[1] >= max_attempts then
    bury(source, entry, reason, detail, keep)
    if entry[2] == 'start' then call('HSET', source_key(source), 'first_failure', detail) end
    finish(source, 'dead', reason, 1)
    return
  end
  call('HINCRBY', source_key(source), 'n:retry', 1)
  call('ZADD', P .. ':delayed', now + delay_ms, cmsgpack.pack({source, domain, cmsgpack.pack(entry)}))
end
