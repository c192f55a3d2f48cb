-- Prepended to every transition, after _seen.lua: how a source that cannot be read leaves, with all it has here.

-- Free the domain that a lease holds, at once or after its pace.
local function free(id, domain, after_pace)
  local key = domain_key(domain)
  if call('HGET', key, 'hold') ~= id then return end
  call('HDEL', key, 'hold')
  file(domain, now + (after_pace and number(call('HGET', key, 'pace'), 0, FAR_MS) or 0))
end

local function drop_lease(id)
  for _, name in ipairs({'inflight', 'told'}) do call('HDEL', P .. ':' .. name, id) end
  call('ZREM', P .. ':lease', id)
end

local function recount() -- all URLs, by what each source says
  local sum = 0
  for _, source in ipairs(call('SMEMBERS', P .. ':running')) do
    sum = sum + (number(call('HGET', source_key(source), 'pending')) or 0)
  end
  call('SET', P .. ':pending', sum)
  return sum
end

-- Drop what a source has waiting: nothing of one run may reach the next.
local function wipe(source, tenant)
  for _, domain in ipairs(call('SMEMBERS', domains_key(source))) do
    call('UNLINK', queue_key(domain, source))
    if tenant then leave(source, tenant, domain) end -- else when its turn comes
  end
  call('UNLINK', domains_key(source), delayed_key(source))
  call('ZREM', P .. ':delayed', source)
end

function set_source_aside(source, detail)
  local key = source_key(source)
  sound[source] = nil
  if redis.call('EXISTS', key) == 0 then return end
  local function field(name) -- of a key of any type
    local found = redis.pcall('HGET', key, name)
    return type(found) == 'string' and found or nil
  end
  local tenant, spec, seen = field('tenant'), field('spec'), number(field('seen'), 0, SEEN_MOST) or 0
  set_aside(key, detail, spec or '', {aside = renamed_aside(key), source = source, tenant = tenant})
  call('SREM', P .. ':running', source)
  call('SREM', P .. ':paused', source)
  call('SADD', P .. ':unreadable', source)
  call('ZREM', P .. ':completed', source)
  local leases = call('HGETALL', P .. ':inflight')
  for i = 1, #leases, 2 do
    local lease = unpacked(leases[i + 1])
    if lease and lease[1] == source then
      drop_lease(leases[i])
      if type(lease[2]) == 'string' then free(leases[i], lease[2], true) end
    end
  end
  wipe(source, tenant)
  for bucket = 0, buckets_of(seen) - 1 do call('UNLINK', seen_key(source, bucket)) end
  recount()
end
