-- Prepended to every transition, after _entries.lua: how a lease begins and ends.

-- Lease a source's next URL in a domain: {id, spec, origins, domain, delay_ms, entry}; nil where there is none,
-- nil and true while so many are in flight that they may reach its page limit.
local function lease_from(source, tenant, domain, lease_ms, hold_ms, nonce)
  local key, s = source_key(source), known(source)
  if not s or s.ends or s.state ~= 'running' then
    if s and s.ends then drop_queue(source, domain, s.ends) end
    leave(source, tenant, domain)
    return nil
  end
  if pages_of(source) + s.leased >= s.max_pages then return nil, true end
  local entry = next_entry(source, domain)
  move_on(turns_key(domain, tenant), source, s.step)
  move_on(turns_key(domain), tenant, s.step)
  move_on(P .. ':tenants', tenant, s.step)
  if call('EXISTS', queue_key(domain, source)) == 0 then
    call('SREM', domains_key(source), domain)
    give_up_turn(source, tenant, domain)
  end
  local id = string.format('%x-%s', call('INCR', P .. ':sequence'), nonce)
  if entry then
    call('HSET', P .. ':inflight', id, cmsgpack.pack({source, domain, entry}))
    call('ZADD', P .. ':lease', now + lease_ms, id)
    call('HINCRBY', key, 'leased', 1)
    call('HSET', domain_key(domain), 'hold', id)
  end
  file(domain, now + (entry and hold_ms or 0))
  if not entry then return nil end
  local delay = number(call('HGET', domain_key(domain), 'delay'), 0, FAR_MS) or 0
  return {id, s.spec, s.origins, domain, delay, entry}
end

-- End a lease and free its domain, at once or after its pace; nil where it ended before, else source, domain, entry.
local function end_lease(id, after_pace)
  local packed = call('HGET', P .. ':inflight', id)
  drop_lease(id)
  if not packed then return nil end
  local lease = unpacked(packed)
  if not lease or type(lease[1]) ~= 'string' or type(lease[2]) ~= 'string' then
    set_aside(P .. ':inflight', 'the lease ' .. id .. ' cannot be read', packed, {})
    return nil
  end
  local source, domain, entry = lease[1], lease[2], entry_of(lease[3])
  free(id, domain, after_pace)
  if not is_known(source) then return nil end
  call('HINCRBY', source_key(source), 'leased', -1)
  if entry then return source, domain, entry end
  give_up(source, domain, lease[3], 'its leased entry cannot be read')
end
