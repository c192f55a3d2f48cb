-- Prepended to every transition, after _again.lua: what the two ways of taking share.

local FULL_MS = 250 -- until a source is looked at again whose pages in flight may reach its limit

-- The lowest score of a sorted set.
local function first_score(key)
  return tonumber(call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]) or math.huge
end

-- Queue up to `most` retries whose time has come: at the tail, so that a site whose first pages fail shows by the
-- others that it answers.
local function queue_retries(most)
  for _, source in ipairs(call('ZRANGEBYSCORE', P .. ':delayed', '-inf', now, 'LIMIT', 0, most)) do
    for _, packed in ipairs(call('ZRANGEBYSCORE', delayed_key(source), '-inf', now, 'LIMIT', 0, most)) do
      call('ZREM', delayed_key(source), packed)
      local domain, entry = unpack(cmsgpack.unpack(packed))
      enqueue(source, domain, entry, false)
    end
    local at = first_score(delayed_key(source))
    call('ZREM', P .. ':delayed', source)
    if at < math.huge then call('ZADD', P .. ':delayed', at, source) end
  end
end

-- URLs pending, URLs leased, sources open, dead letters.
local function totals()
  return {tonumber(call('GET', P .. ':pending')) or 0, call('ZCARD', P .. ':lease'), call('SCARD', P .. ':running'),
    call('XLEN', P .. ':dead')}
end

-- Let up to `most` tenants take part again that have a domain which is due. Who was only held up by the pace of its
-- domains comes back to its place.
local function wake_tenants(most, clock)
  for _, tenant in ipairs(call('ZRANGEBYSCORE', P .. ':waiting', '-inf', now, 'LIMIT', 0, most)) do
    call('ZREM', P .. ':waiting', tenant)
    local own = tonumber(call('ZSCORE', P .. ':served', tenant)) or -1
    call('ZREM', P .. ':served', tenant)
    if own > clock then call('ZADD', P .. ':tenants', own, tenant) else line_up(P .. ':tenants', tenant, clock) end
  end
end
