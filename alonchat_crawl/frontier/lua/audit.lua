#!lua flags=allow-oom
-- See that a source is in every list that it belongs in; one that is not known is in none.
-- KEYS  1 prefix
-- ARGV  1 source
-- Returns 1 it is known, 0 it is not, -1 it was set aside
local LOOKED_AT = 10 -- of its domains, at random
local FEW = 100 -- leases; more are looked through now and then
local source = ARGV[1]

local function in_flight()
  local leases = call('HLEN', P .. ':inflight')
  if leases > FEW and now % 10 > 0 then return true end
  for _, packed in ipairs(leases > 0 and call('HVALS', P .. ':inflight') or {}) do
    if (unpacked(packed) or {})[1] == source then return true end
  end
  return false
end

local s = known(source)
if not s then
  local listed = call('SREM', P .. ':running', source) + call('SREM', P .. ':paused', source)
    + call('ZREM', P .. ':completed', source)
  if listed > 0 then set_aside(P .. ':running', 'no source has this id', source, {}) end
  return -call('SISMEMBER', P .. ':unreadable', source)
end
if s.state == 'completed' or s.state == 'cancelled' then call('ZADD', P .. ':completed', 'NX', now, source) end
if not (s.state == 'running' or s.state == 'paused') then return 1 end
if s.state == 'paused' then call('SADD', P .. ':paused', source) end
if call('SADD', P .. ':running', source) == 1 then recount() end
local waits = call('ZCARD', delayed_key(source))
if call('SCARD', domains_key(source)) + waits == 0 and not in_flight() then
  set_source_aside(source, 'its last URLs are nowhere: it begins again')
  call('SREM', P .. ':unreadable', source)
  return 0
end
if waits > 0 then call('ZADD', P .. ':delayed', 'NX', first_score(delayed_key(source)), source) end
if s.state == 'paused' then return 1 end
for _, domain in ipairs(call('SRANDMEMBER', domains_key(source), LOOKED_AT)) do
  join(source, s.tenant, domain)
  line_up(turns_key(domain), s.tenant)
  one_of(turns_key(domain), 0) -- puts the line right
  local owner = call('HGET', domain_key(domain), 'tenant')
  local at = owner and number(call('ZSCORE', ready_key(owner), domain), 0, now + FAR_MS)
  if not at then file(domain, now + (call('HEXISTS', domain_key(domain), 'hold') == 1 and 60000 or 0)) end
end
if call('ZCARD', ready_key(s.tenant)) > 0 and not call('ZSCORE', P .. ':tenants', s.tenant) then
  call('ZADD', P .. ':waiting', 'NX', now, s.tenant)
end
return 1
