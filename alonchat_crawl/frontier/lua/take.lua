-- Lease up to `count` URLs, one a domain, of domains whose time has come; hold those domains.
-- KEYS  1 prefix
-- ARGV  1 count  2 lease_ms  3 hold_ms  4 only this source ('' for any)  5 what makes the lease ids unique
-- Returns {ms until the next domain is due (-1: none waits), {id, spec, host, domain, entry, ...},
--   number of sources that completed: their page limit was reached}
local count, lease_ms, hold_ms, only, nonce = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]

for _, packed in ipairs(call('ZRANGEBYSCORE', P .. ':delayed', '-inf', now, 'LIMIT', 0, count)) do
  call('ZREM', P .. ':delayed', packed)
  local source, domain, entry = unpack(cmsgpack.unpack(packed))
  enqueue(source, domain, entry, true)
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
    got = take_from(domain, source, lease_ms, hold_ms, nonce)
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
local at = tonumber(call('ZRANGE', P .. ':delayed', 0, 0, 'WITHSCORES')[2]) or math.huge
if only == '' then
  at = math.min(at, tonumber(call('ZRANGE', P .. ':ready', 0, 0, 'WITHSCORES')[2]) or math.huge)
else -- other sources' domains may be overdue: nobody here takes them
  for _, domain in ipairs(call('SMEMBERS', P .. ':domains:' .. only)) do
    at = math.min(at, tonumber(call('ZSCORE', P .. ':ready', domain)) or math.huge)
  end
end
return {at == math.huge and -1 or math.max(0, at - now), leased, #completed}
