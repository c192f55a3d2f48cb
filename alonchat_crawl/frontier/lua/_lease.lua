-- Prepended to every transition, after _take.lua: how a lease ends.

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

-- Try again after delay_ms, or bury where max_attempts were made.
local function try_again(source, domain, entry, reason, detail, delay_ms, max_attempts, keep)
  if entry[1] >= max_attempts then
    bury(source, entry, reason, detail, keep)
    if entry[2] == 'start' then call('HSET', source_key(source), 'first_failure', detail) end
    finish(source, 'dead', reason, 1)
    return
  end
  call('HINCRBY', source_key(source), 'n:retry', 1)
  call('ZADD', P .. ':delayed', now + delay_ms, cmsgpack.pack({source, domain, cmsgpack.pack(entry)}))
end
