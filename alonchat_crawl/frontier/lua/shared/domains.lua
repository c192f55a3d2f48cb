-- When each domain may be fetched from next, and which tenant's turn it is there.

local REMEMBER_MS = 86400000 -- a site's delay, backoff and pace are kept for a day after its last URL

-- Wake one idle worker, unless one is about to wake.
local function wake_worker()
  if call('LLEN', KEY.wake) == 0 then call('RPUSH', KEY.wake, 1) end
end

-- Put a domain into the `ready` list of the tenant whose turn it is there, to be taken from `at` (ms) on. If nobody has
-- URLs in it, keep only `at` and its delay, backoff and pace.
local function schedule(domain, at)
  local key = domain_key(domain)
  local before = call('HGET', key, 'tenant')
  local tenant = call('ZRANGE', tenant_turns_key(domain), 0, 0)[1]
  if before and before ~= tenant then call('ZREM', ready_key(before), domain) end
  if not tenant then
    if before then call('HDEL', key, 'tenant') end
    local learnt = call('HMGET', key, 'delay', 'level', 'pace')
    call('HSET', key, 'next', at)
    call('PEXPIREAT', key, math.max(at, now + ((learnt[1] or learnt[2] or learnt[3]) and REMEMBER_MS or 1)))
    return
  end
  if before ~= tenant then call('HSET', key, 'tenant', tenant) end
  if not before then call('PERSIST', key) end
  call('ZADD', ready_key(tenant), at, domain)
  if not call('ZSCORE', KEY.tenants, tenant) then call('ZADD', KEY.waiting, 'LT', at, tenant) end
  if at <= now then wake_worker() end
end

-- The time (ms) from which a domain may be taken.
local function due_at(domain)
  local known = call('HMGET', domain_key(domain), 'tenant', 'next')
  return moment(known[1] and call('ZSCORE', ready_key(known[1]), domain) or known[2] or 0)
end

-- Let a source that has URLs in a domain take part in its turns.
local function join_turns(source, tenant, domain)
  if call('ZSCORE', source_turns_key(domain, tenant), source) then return end
  join_line(source_turns_key(domain, tenant), source)
  join_line(tenant_turns_key(domain), tenant)
  if call('HEXISTS', domain_key(domain), 'tenant') == 0 then schedule(domain, math.max(now, due_at(domain))) end
end

-- Take a source out of a domain's turns. The caller must call `schedule` afterwards.
local function leave_turns(source, tenant, domain)
  call('ZREM', source_turns_key(domain, tenant), source)
  if call('EXISTS', source_turns_key(domain, tenant)) == 0 then call('ZREM', tenant_turns_key(domain), tenant) end
end

-- Take a source out of a domain's turns: it has no URLs there any more, or may not fetch them now.
local function leave_domain(source, tenant, domain)
  local at = due_at(domain)
  leave_turns(source, tenant, domain)
  schedule(domain, at)
end
