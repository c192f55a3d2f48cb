-- Begins and ends leases.

-- Lease a source's next URL in a domain. Returns {id, spec, origins, domain, delay_ms, entry}; nil if there is none;
-- nil, true while the source's URLs in flight may be enough to reach its page limit.
local function lease_from(source, tenant, domain, lease_ms, hold_ms, nonce)
  local key, s = source_key(source), read_source(source)
  if not s or s.ends or s.state ~= 'running' then
    if s and s.ends then drop_queue(source, domain, s.ends) end
    leave_domain(source, tenant, domain)
    return nil
  end
  if pages_of(source) + s.leased >= s.max_pages then return nil, true end
  local entry = next_entry(source, domain)
  advance(source_turns_key(domain, tenant), source, s.step)
  advance(tenant_turns_key(domain), tenant, s.step)
  advance(KEY.tenants, tenant, s.step)
  if call('EXISTS', queue_key(domain, source)) == 0 then
    call('SREM', source_domains_key(source), domain)
    leave_turns(source, tenant, domain)
  end
  local id = string.format('%x-%s', call('INCR', KEY.sequence), nonce)
  if entry then
    call('HSET', KEY.leases, id, cmsgpack.pack({source, domain, entry}))
    call('ZADD', KEY.lease_expiry, now + lease_ms, id)
    call('HINCRBY', key, 'leased', 1)
    call('HSET', domain_key(domain), 'hold', id)
  end
  schedule(domain, now + (entry and hold_ms or 0))
  if not entry then return nil end
  local delay = number(call('HGET', domain_key(domain), 'delay'), 0, FAR_MS) or 0
  return {id, s.spec, s.origins, domain, delay, entry}
end

-- End a lease and free its domain, at once or after its pace. Returns source, domain, entry; nil if the lease has ended
-- already or is unreadable.
local function end_lease(id, after_pace)
  local packed = call('HGET', KEY.leases, id)
  drop_lease(id)
  if not packed then return nil end
  local lease = unpacked(packed)
  if not lease or type(lease[1]) ~= 'string' or type(lease[2]) ~= 'string' then
    set_aside(KEY.leases, 'the lease ' .. id .. ' cannot be read', packed, {})
    return nil
  end
  local source, domain, entry = lease[1], lease[2], entry_of(lease[3])
  free_domain(id, domain, after_pace)
  if not is_known(source) then return nil end
  call('HINCRBY', source_key(source), 'leased', -1)
  if entry then return source, domain, entry end
  give_up(source, domain, lease[3], 'its leased entry cannot be read')
end
