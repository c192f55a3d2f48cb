-- Prepended to every transition, after _line.lua: which domain is whose turn, and when.

local REMEMBER_MS = 86400000 -- what was learnt of a site's speed outlives its queue by a day

-- Wake one idle worker, if none is about to be.
local function ring()
  if call('LLEN', P .. ':wake') == 0 then call('RPUSH', P .. ':wake', 1) end
end

-- File a domain under the tenant whose turn it is there, to be taken from `at` (ms) on. Where nobody has
-- URLs in it, only `at` and what was learnt of it are remembered.
local function file(domain, at)
  local key = domain_key(domain)
  local before = call('HGET', key, 'tenant')
  local tenant = call('ZRANGE', turns_key(domain), 0, 0)[1]
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
  if not call('ZSCORE', P .. ':tenants', tenant) then call('ZADD', P .. ':waiting', 'LT', at, tenant) end
  if at <= now then ring() end
end

-- From when (ms) a domain may be taken.
local function due_at(domain)
  local known = call('HMGET', domain_key(domain), 'tenant', 'next')
  return moment(known[1] and call('ZSCORE', ready_key(known[1]), domain) or known[2] or 0)
end

-- A source has URLs in a domain: it takes part in the domain's turns.
local function join(source, tenant, domain)
  if call('ZSCORE', turns_key(domain, tenant), source) then return end
  line_up(turns_key(domain, tenant), source)
  line_up(turns_key(domain), tenant)
  if call('HEXISTS', domain_key(domain), 'tenant') == 0 then file(domain, math.max(now, due_at(domain))) end
end

-- It takes part no longer; the domain is to be filed anew.
local function give_up_turn(source, tenant, domain)
  call('ZREM', turns_key(domain, tenant), source)
  if call('EXISTS', turns_key(domain, tenant)) == 0 then call('ZREM', turns_key(domain), tenant) end
end

-- It has no URLs there any more, or may not fetch them now.
local function leave(source, tenant, domain)
  local at = due_at(domain)
  give_up_turn(source, tenant, domain)
  file(domain, at)
end
