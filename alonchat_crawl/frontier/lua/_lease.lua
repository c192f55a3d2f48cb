-- Prepended to every transition, after _seen.lua: how a lease begins and ends.

-- Lease a source's next URL in a domain: {id, spec, origins, domain, delay_ms, entry}; nil where there is none,
-- nil and true while so many are in flight that they may reach its page limit.
local function lease_from(source, tenant, domain, lease_ms, hold_ms, nonce)
  local key = source_key(source)
  local s = call('HMGET', key, 'ends', 'leased', 'max_pages', 'spec', 'origins', 'step', 'state')
  if s[1] or s[7] ~= 'running' then
    if s[1] then drop_queue(source, domain, s[1]) end
    leave(source, tenant, domain)
    return nil
  end
  if pages_of(source) + s[2] >= tonumber(s[3]) then return nil, true end
  local entry = call('RPOP', queue_key(domain, source))
  local id = string.format('%x-%s', call('INCR', P .. ':sequence'), nonce)
  call('HSET', P .. ':inflight', id, cmsgpack.pack({source, domain, entry}))
  call('ZADD', P .. ':lease', now + lease_ms, id)
  call('HINCRBY', key, 'leased', 1)
  move_on(turns_key(domain, tenant), source, s[6])
  move_on(turns_key(domain), tenant, s[6])
  move_on(P .. ':tenants', tenant, s[6])
  call('HSET', domain_key(domain), 'hold', id)
  if call('EXISTS', queue_key(domain, source)) == 0 then
    call('SREM', domains_key(source), domain)
    give_up_turn(source, tenant, domain)
  end
  file(domain, now + hold_ms)
  return {id, s[4], s[5], domain, call('HGET', domain_key(domain), 'delay') or 0, entry}
end

-- End a lease and free its domain, at once or after its pace; nil where it ended before, else source, domain, entry.
local function end_lease(id, after_pace)
  local packed = call('HGET', P .. ':inflight', id)
  call('HDEL', P .. ':inflight', id)
  call('HDEL', P .. ':told', id)
  call('ZREM', P .. ':lease', id)
  if not packed then return nil end
  local source, domain, entry = unpack(cmsgpack.unpack(packed))
  call('HINCRBY', source_key(source), 'leased', -1)
  if call('HGET', domain_key(domain), 'hold') == id then
    call('HDEL', domain_key(domain), 'hold')
    file(domain, now + (after_pace and tonumber(call('HGET', domain_key(domain), 'pace')) or 0))
  end
  return source, domain, cmsgpack.unpack(entry)
end
