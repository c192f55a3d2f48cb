-- Lease up to `count` URLs, one a domain, of domains whose time has come; hold those domains.
-- KEYS  1 prefix
-- ARGV  1 count  2 lease_ms  3 hold_ms  4 only this source ('' for any)
-- Returns {ms until the next domain is due (-1: none waits), {id, spec, host, domain, entry, ...},
--   number of sources that completed: their page limit was reached}
local count, lease_ms, hold_ms, only = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]

for _, packed in ipairs(call('ZRANGEBYSCORE', P .. ':delayed', '-inf', now, 'LIMIT', 0, count)) do
  call('ZREM', P .. ':delayed', packed)
  local source, domain, entry = unpack(cmsgpack.unpack(packed))
  enqueue(source, domain, entry, true)
end

-- The next entry of a source in a domain; nil, 'full' while its page limit is all in flight.
local function next_entry(domain, source)
  local queue = queue_key(domain, source)
  local s = call('HMGET', source_key(source), 'n:stored', 'n:unchanged', 'leased', 'max_pages')
  local done, limit = (tonumber(s[1]) or 0) + (tonumber(s[2]) or 0), tonumber(s[4]) or 0
  if done >= limit then
    local dropped = call('LLEN', queue)
    call('UNLINK', queue)
    if dropped > 0 then finish(source, 'refused', 'max_pages', dropped) end
  elseif done + (tonumber(s[3]) or 0) >= limit then
    return nil, 'full'
  end
  return call('RPOP', queue)
end

local function take_from(domain, source)
  local entry, full = next_entry(domain, source)
  if not entry then
    if not full then
      call('ZREM', P .. ':turn:' .. domain, source)
      call('SREM', P .. ':domains:' .. source, domain)
    end
    return nil
  end
  local id = string.format('%x', call('INCR', P .. ':sequence'))
  call('HSET', P .. ':inflight', id, cmsgpack.pack({source, domain, entry}))
  call('ZADD', P .. ':lease', now + lease_ms, id)
  call('HSET', P .. ':hold', domain, id)
  call('ZADD', P .. ':ready', now + hold_ms, domain)
  call('ZINCRBY', P .. ':turn:' .. domain, 1, source)
  local key = source_key(source)
  call('HINCRBY', key, 'leased', 1)
  local known = call('HMGET', key, 'spec', 'host')
  return {id, known[1], known[2], domain, entry}
end

local due
if only == '' then
  due = call('ZRANGEBYSCORE', P .. ':ready', '-inf', now, 'LIMIT', 0, count)
else
  due = {}
  for _, domain in ipairs(call('SMEMBERS', P .. ':domains:' .. only)) do
    local at = tonumber(call('ZSCORE', P .. ':ready', domain))
    if at and at <= now and #due < count then due[#due + 1] = domain end
  end
end

local leased = {}
for _, domain in ipairs(due) do
  local sources = only == '' and call('ZRANGE', P .. ':turn:' .. domain, 0, 7) or {only}
  local got
  for _, source in ipairs(sources) do
    got = take_from(domain, source)
    if got then break end
  end
  if got then
    for _, value in ipairs(got) do leased[#leased + 1] = value end
  elseif call('ZCARD', P .. ':turn:' .. domain) == 0 then
    call('ZREM', P .. ':ready', domain)
  else -- all of its sources wait for pages in flight to decide whether their limit is reached
    call('ZADD', P .. ':ready', now + 50, domain)
  end
end
local nearest = call('ZRANGE', P .. ':ready', 0, 0, 'WITHSCORES')[2]
local retry = call('ZRANGE', P .. ':delayed', 0, 0, 'WITHSCORES')[2]
local at = math.min(tonumber(nearest) or math.huge, tonumber(retry) or math.huge)
return {at == math.huge and -1 or math.max(0, at - now), leased, #completed}
