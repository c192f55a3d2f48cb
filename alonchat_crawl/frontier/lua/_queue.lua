-- Prepended to every transition, after _turns.lua: how URLs enter a queue.

-- Queue an entry of a source that is known, at the head where it has waited before.
local function enqueue(source, domain, entry, at_head)
  if not is_known(source) then return end
  local state, tenant = unpack(call('HMGET', source_key(source), 'state', 'tenant'))
  call(at_head and 'RPUSH' or 'LPUSH', queue_key(domain, source), entry)
  call('SADD', domains_key(source), domain)
  if state == 'running' then join(source, tenant, domain) end
end
