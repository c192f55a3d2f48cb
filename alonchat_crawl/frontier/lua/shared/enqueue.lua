-- Queue an entry of a source, at the head or at the tail. Does nothing if the source is unknown.
local function enqueue(source, domain, entry, at_head)
  if not is_known(source) then return end
  local state, tenant = unpack(call('HMGET', source_key(source), 'state', 'tenant'))
  call(at_head and 'RPUSH' or 'LPUSH', queue_key(domain, source), entry)
  call('SADD', source_domains_key(source), domain)
  if state == 'running' then join_turns(source, tenant, domain) end
end
