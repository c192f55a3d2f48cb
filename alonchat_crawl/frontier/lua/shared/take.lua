-- What `take` and `take_of_source` share.

local FULL_MS = 250 -- until a source whose pages in flight may reach its limit is looked at again

-- The lowest score of a sorted set.
local function first_score(key)
  return number(call('ZRANGE', key, 0, 0, 'WITHSCORES')[2], -MOST, now + FAR_MS) or math.huge
end

-- Queue up to `most` retries whose time has come. They go to the tail, since the other pages of a site whose first ones
-- failed may show that it answers.
local function queue_retries(most)
  for _, source in ipairs(call('ZRANGEBYSCORE', KEY.delayed_sources, '-inf', now, 'LIMIT', 0, most)) do
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
    call('ZREM', KEY.delayed_sources, source)
    if at < math.huge then call('ZADD', KEY.delayed_sources, at, source) end
  end
end

-- URLs pending, URLs leased, sources open, dead letters, entries ever set aside.
local function totals()
  local pending, open = number(call('GET', KEY.pending)) or 0, call('SCARD', KEY.running)
  if pending == 0 and open > 0 then pending = recount_pending() end -- an open source has URLs, so the count is lost
  return {pending, call('ZCARD', KEY.lease_expiry), open, call('XLEN', KEY.dead),
    number(call('GET', KEY.set_aside_count)) or 0}
end

-- Let up to `most` tenants with a domain that is due take part again. A tenant that only waited for its domains' pace
-- gets its place back.
local function wake_tenants(most, clock)
  for _, tenant in ipairs(call('ZRANGEBYSCORE', KEY.waiting, '-inf', now, 'LIMIT', 0, most)) do
    call('ZREM', KEY.waiting, tenant)
    local own = number(call('ZSCORE', KEY.served, tenant)) or -1
    call('ZREM', KEY.served, tenant)
    if own > clock then call('ZADD', KEY.tenants, own, tenant) else join_line(KEY.tenants, tenant, clock) end
  end
end

-- Take a domain from a tenant that has no URLs there. Only somebody else can have put it there.
local function unschedule(tenant, domain)
  call('ZREM', ready_key(tenant), domain)
  call('ZREM', tenant_turns_key(domain), tenant)
  schedule(domain, now)
end
