-- Counts ended URLs, and completes sources when their last URL has ended.

local DROPPED_DOMAINS = 1000 -- most domains in one call; `take` drops the others when their turn comes

local completed = {} -- the sources that this call completed

-- Count `n` URLs of a source as ended. The source is completed with its last one.
local function finish(source, outcome, reason, n)
  local key = source_key(source)
  if not is_known(source) then return end -- set aside meanwhile
  call('HINCRBY', key, 'n:' .. outcome, n)
  if reason ~= '' then call('HINCRBY', key, 'r:' .. outcome .. ':' .. reason, n) end
  call('DECRBY', KEY.pending, n)
  if call('HINCRBY', key, 'pending', -n) > 0 then return end
  call('HSET', key, 'state', call('HGET', key, 'ends') == 'cancelled' and 'cancelled' or 'completed')
  call('SREM', KEY.running, source)
  call('SREM', KEY.paused, source)
  call('ZADD', KEY.completed, now, source)
  completed[#completed + 1] = source
end

-- Drop the queue of an ending source in one domain.
local function drop_queue(source, domain, ends)
  local dropped = call('LLEN', queue_key(domain, source))
  call('UNLINK', queue_key(domain, source))
  call('SREM', source_domains_key(source), domain)
  if dropped > 0 then finish(source, 'refused', ends, dropped) end
end

-- Drop a source's waiting URLs for the reason `ends`. Returns how many domains are left to drop.
local function drop_waiting(source, ends)
  local key, dropped = source_key(source), call('ZCARD', delayed_key(source))
  local tenant, before = unpack(call('HMGET', key, 'tenant', 'ends'))
  if before == 'cancelled' then ends = before end
  call('HSET', key, 'ends', ends)
  call('UNLINK', delayed_key(source))
  call('ZREM', KEY.delayed_sources, source)
  for _, domain in ipairs(call('SPOP', source_domains_key(source), DROPPED_DOMAINS)) do
    dropped = dropped + call('LLEN', queue_key(domain, source))
    call('UNLINK', queue_key(domain, source))
    leave_domain(source, tenant, domain)
  end
  if dropped > 0 then finish(source, 'refused', ends, dropped) end
  return call('SCARD', source_domains_key(source))
end

-- How many pages this run has stored or found unchanged.
local function pages_of(source)
  local n = call('HMGET', source_key(source), 'n:stored', 'n:unchanged')
  return (tonumber(n[1]) or 0) + (tonumber(n[2]) or 0)
end

-- Drop a source's waiting URLs if it has reached its page limit.
local function apply_page_limit(source)
  local s = call('HMGET', source_key(source), 'max_pages', 'pending')
  if is_known(source) and pages_of(source) >= tonumber(s[1]) and tonumber(s[2]) > 0 then
    drop_waiting(source, 'max_pages')
  end
end
