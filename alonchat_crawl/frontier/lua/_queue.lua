-- Prepended to every transition, after _turns.lua: how URLs enter a queue.

-- Queue an entry, at the head where it has waited before.
local function enqueue(source, domain, entry, at_head)
  call(at_head and 'RPUSH' or 'LPUSH', queue_key(domain, source), entry)
  call('SADD', domains_key(source), domain)
  local known = call('HMGET', source_key(source), 'state', 'tenant')
  if known[1] == 'running' then join(source, known[2], domain) end
end
