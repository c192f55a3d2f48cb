-- Shared by `take` and `take_of_source`.

local FULL_MS = 250 -- wait before trying again a source whose URLs in flight may reach its page limit

-- The lowest score of a sorted set; math.huge if it is empty.
local function first_score(key)
  return number(call('ZRANGE', key, 0, 0, 'WITHSCORES')[2], -MOST, now + FAR_MS) or math.huge
end

-- Queue up to `most` retries that are due. They go to the tail: the site's other pages may succeed meanwhile.
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

-- Returns {URLs pending, URLs leased, sources open, dead letters, entries ever set aside}.
local function totals()
  local pending, open = number(call('GET', KEY.pending)) or 0, call('SCARD', KEY.running)
  if pending == 0 and open > 0 then pending = recount_pending() end -- an open source has URLs: the count was lost
  return {pending, call('ZCARD', KEY.lease_expiry), open, call('XLEN', KEY.dead),
    number(call('GET', KEY.set_aside_count)) or 0}
end

-- Let up to `most` waiting tenants with a due domain take part again. A tenant that only waited for the pace of its
-- domains keeps its virtual time.
local function wake_tenants(most, clock)
  for _, tenant in ipairs(call('ZRANGEBYSCORE', KEY.waiting, '-inf', now, 'LIMIT', 0, most)) do
    call('ZREM', KEY.waiting, tenant)
    local own = number(call('ZSCORE', KEY.served, tenant)) or -1
    call('ZREM', KEY.served, tenant)
    if own > clock then call('ZADD', KEY.tenants, own, tenant) else join_line(KEY.tenants, tenant, clock) end
  end
end

-- Remove a domain from the `ready` list of a tenant that has no URLs there, which something else must have written.
local function unschedule(tenant, domain)
  call('ZREM', ready_key(tenant), domain)
  call('ZREM', tenant_turns_key(domain), tenant)
  schedule(domain, now)
end
