-- Prepended to every transition, after _turns.lua: how URLs enter a queue.

-- Queue an entry of a source that is known, at the head where it has waited before.
local function enqueue(source, domain, entry, at_head)
  local s = known(source)
  if not s then return end
  call(at_head and 'RPUSH' or 'LPUSH', queue_key(domain, source), entry)
  call('SADD', domains_key(source), domain)
  if s.state == 'running' then join(source, s.tenant, domain) end
end
