-- Prepended to every transition, after _again.lua: what the two ways of taking share.

local FULL_MS = 250 -- until a source is looked at again whose pages in flight may reach its limit

-- The lowest score of a sorted set.
local function first_score(key)
  return number(call('ZRANGE', key, 0, 0, 'WITHSCORES')[2], -MOST, now + FAR_MS) or math.huge
end

-- Queue up to `most` retries whose time has come: at the tail, so that a site whose first pages fail shows by the
-- others that it answers.
local function queue_retries(most)
  for _, source in ipairs(call('ZRANGEBYSCORE', P .. ':delayed', '-inf', now, 'LIMIT', 0, most)) do
    for _, packed in ipairs(call('ZRANGEBYSCORE', delayed_key(source), '-inf', now, 'LIMIT', 0, most)) do
      call('ZREM', delayed_key(source), packed)
      local retry, is_ours = unpacked(packed) or {}, is_known(source)
      if is_ours and type(retry[1]) == 'string' and entry_of(retry[2]) then
        enqueue(source, retry[1], retry[2], false)
      elseif is_ours then
        give_up(source, 'delayed', packed, 'it waited to be tried again, and cannot be read')
      end
    end
    local at = first_score(delayed_key(source))
    call('ZREM', P .. ':delayed', source)
    if at < math.huge then call('ZADD', P .. ':delayed', at, source) end
  end
end

-- URLs pending, URLs leased, sources open, dead letters, entries ever set aside.
local function totals()
  local pending, open = number(call('GET', P .. ':pending')) or 0, call('SCARD', P .. ':running')
  if pending == 0 and open > 0 then pending = recount() end -- what is open has URLs
  return {pending, call('ZCARD', P .. ':lease'), open, call('XLEN', P .. ':dead'),
    number(call('GET', P .. ':set_aside')) or 0}
end

-- Let up to `most` tenants take part again that have a domain which is due. Who was only held up by the pace of its
-- domains comes back to its place.
local function wake_tenants(most, clock)
  for _, tenant in ipairs(call('ZRANGEBYSCORE', P .. ':waiting', '-inf', now, 'LIMIT', 0, most)) do
    call('ZREM', P .. ':waiting', tenant)
    local own = number(call('ZSCORE', P .. ':served', tenant)) or -1
    call('ZREM', P .. ':served', tenant)
    if own > clock then call('ZADD', P .. ':tenants', own, tenant) else line_up(P .. ':tenants', tenant, clock) end
  end
end

-- None of us filed a domain under a tenant that has no URLs there.
local function unfile(tenant, domain)
  call('ZREM', ready_key(tenant), domain)
  call('ZREM', turns_key(domain), tenant)
  file(domain, now)
end
