-- Sets aside sources that cannot be read, and deletes everything that they have in the shard.
-- Free the domain that a lease holds: at once, or once its pace has passed.
local function free_domain(id, domain, after_pace)
  local key = domain_key(domain)
  if call('HGET', key, 'hold') ~= id then return end
  call('HDEL', key, 'hold')
  schedule(domain, now + (after_pace and number(call('HGET', key, 'pace'), 0, FAR_MS) or 0))
end

local function drop_lease(id)
  for _, key in ipairs({KEY.leases, KEY.links_added}) do call('HDEL', key, id) end
  call('ZREM', KEY.lease_expiry, id)
end

-- Compute the total of pending URLs again from the sources' own counts.
local function recount_pending()
  local sum = 0
  for _, source in ipairs(call('SMEMBERS', KEY.running)) do
    sum = sum + (number(call('HGET', source_key(source), 'pending')) or 0)
  end
  call('SET', KEY.pending, sum)
  return sum
end

-- Delete all waiting URLs of a source, so that none of them reaches its next run.
local function unlink_queues(source, tenant)
  for _, domain in ipairs(call('SMEMBERS', source_domains_key(source))) do
    call('UNLINK', queue_key(domain, source))
    if tenant then leave_domain(source, tenant, domain) end -- else `take` does it at the domain's next turn
  end
  call('UNLINK', source_domains_key(source), delayed_key(source))
  call('ZREM', KEY.delayed_sources, source)
end

function set_source_aside(source, detail)
  local key = source_key(source)
  checked[source] = nil
  if redis.call('EXISTS', key) == 0 then return end
  local function field(name) -- nil also if the key is no hash
    local found = redis.pcall('HGET', key, name)
    return type(found) == 'string' and found or nil
  end
  local tenant, spec, seen = field('tenant'), field('spec'), number(field('seen'), 0, SEEN_MOST) or 0
  set_aside(key, detail, spec or '', {aside = renamed_aside(key), source = source, tenant = tenant})
  call('SREM', KEY.running, source)
  call('SREM', KEY.paused, source)
  call('SADD', KEY.unreadable, source)
  call('ZREM', KEY.completed, source)
  local leases = call('HGETALL', KEY.leases)
  for i = 1, #leases, 2 do
    local lease = unpacked(leases[i + 1])
    if lease and lease[1] == source then
      drop_lease(leases[i])
      if type(lease[2]) == 'string' then free_domain(leases[i], lease[2], true) end
    end
  end
  unlink_queues(source, tenant)
  for bucket = 0, buckets_of(seen) - 1 do call('UNLINK', seen_key(source, bucket)) end
  recount_pending()
end
