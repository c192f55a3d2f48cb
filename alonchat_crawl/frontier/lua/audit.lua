#!lua flags=allow-oom
-- Put a source into each list that it belongs in. An unknown source is removed from all lists.
-- KEYS  1 prefix
-- ARGV  1 source
-- Returns 1 known, 0 unknown, -1 set aside
local LOOKED_AT = 10 -- domains of the source, at random
local FEW = 100 -- leases; if there are more, only one call in ten searches them
local source = ARGV[1]

local function in_flight()
  local leases = call('HLEN', KEY.leases)
  if leases > FEW and now % 10 > 0 then return true end
  for _, packed in ipairs(leases > 0 and call('HVALS', KEY.leases) or {}) do
    if (unpacked(packed) or {})[1] == source then return true end
  end
  return false
end

local s = read_source(source)
if not s then
  local listed = call('SREM', KEY.running, source) + call('SREM', KEY.paused, source)
    + call('ZREM', KEY.completed, source)
  if listed > 0 then set_aside(KEY.running, 'no source has this id', source, {}) end
  return -call('SISMEMBER', KEY.unreadable, source)
end
if s.state == 'completed' or s.state == 'cancelled' then call('ZADD', KEY.completed, 'NX', now, source) end
if not (s.state == 'running' or s.state == 'paused') then return 1 end
if s.state == 'paused' then call('SADD', KEY.paused, source) end
if call('SADD', KEY.running, source) == 1 then recount_pending() end
local waits = call('ZCARD', delayed_key(source))
if call('SCARD', source_domains_key(source)) + waits == 0 and not in_flight() then
  set_source_aside(source, 'its last URLs are nowhere: it begins again')
  call('SREM', KEY.unreadable, source)
  return 0
end
if waits > 0 then call('ZADD', KEY.delayed_sources, 'NX', first_score(delayed_key(source)), source) end
if s.state == 'paused' then return 1 end
for _, domain in ipairs(call('SRANDMEMBER', source_domains_key(source), LOOKED_AT)) do
  join_turns(source, s.tenant, domain)
  join_line(tenant_turns_key(domain), s.tenant)
  at_place(tenant_turns_key(domain), 0) -- repairs the line
  local owner = call('HGET', domain_key(domain), 'tenant')
  local at = owner and number(call('ZSCORE', ready_key(owner), domain), 0, now + FAR_MS)
  if not at then schedule(domain, now + (call('HEXISTS', domain_key(domain), 'hold') == 1 and 60000 or 0)) end
end
if call('ZCARD', ready_key(s.tenant)) > 0 and not call('ZSCORE', KEY.tenants, s.tenant) then
  call('ZADD', KEY.waiting, 'NX', now, s.tenant)
end
return 1
