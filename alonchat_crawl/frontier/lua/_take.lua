-- Prepended to every transition, after _queue.lua: how a URL is leased.

-- The next entry of a source in a domain; nil, 'full' while its page limit is all in flight.
local function next_entry(domain, source)
  local done, limit = pages_of(source)
  if done >= limit then
    drop_rest(source)
    return nil
  end
  local leased = tonumber(call('HGET', source_key(source), 'leased')) or 0
  if done + leased >= limit then return nil, 'full' end
  return call('RPOP', queue_key(domain, source))
end

-- Lease the next entry of a source in a domain: {id, spec, host, domain, entry}; nil where there is none.
local function take_from(domain, source, lease_ms, hold_ms, nonce)
  local entry, full = next_entry(domain, source)
  if not entry then
    if not full then
      call('ZREM', P .. ':turn:' .. domain, source)
      call('SREM', P .. ':domains:' .. source, domain)
    end
    return nil
  end
  local id = string.format('%x-%s', call('INCR', P .. ':sequence'), nonce)
  call('HSET', P .. ':inflight', id, cmsgpack.pack({source, domain, entry}))
  call('ZADD', P .. ':lease', now + lease_ms, id)
  call('HSET', P .. ':hold', domain, id)
  call('ZADD', P .. ':ready', now + hold_ms, domain)
  call('ZINCRBY', P .. ':turn:' .. domain, 1, source)
  local key = source_key(source)
  call('HINCRBY', key, 'leased', 1)
  local known = call('HMGET', key, 'spec', 'host')
  return {id, known[1], known[2], domain, entry}
end
