-- Prepended to every transition, after _queue.lua: how URLs are counted out, and sources end.

local DROPPED_DOMAINS = 1000 -- at once; the rest follows as those domains are due

local completed = {} -- the sources that this call completed

-- Count `n` URLs of a source as ended, and complete the source with its last one.
local function finish(source, outcome, reason, n)
  local key = source_key(source)
  if not is_known(source) then return end -- it was set aside meanwhile
  call('HINCRBY', key, 'n:' .. outcome, n)
  if reason ~= '' then call('HINCRBY', key, 'r:' .. outcome .. ':' .. reason, n) end
  call('DECRBY', P .. ':pending', n)
  if call('HINCRBY', key, 'pending', -n) > 0 then return end
  call('HSET', key, 'state', call('HGET', key, 'ends') == 'cancelled' and 'cancelled' or 'completed')
  call('SREM', P .. ':running', source)
  call('SREM', P .. ':paused', source)
  call('ZADD', P .. ':completed', now, source)
  completed[#completed + 1] = source
end

-- Drop what a source that is ending has in a domain's queue.
local function drop_queue(source, domain, ends)
  local dropped = call('LLEN', queue_key(domain, source))
  call('UNLINK', queue_key(domain, source))
  call('SREM', domains_key(source), domain)
  if dropped > 0 then finish(source, 'refused', ends, dropped) end
end

-- Fetch nothing more of a source, because of `ends`: drop what waits. Returns domains left to be cleared.
local function drop_waiting(source, ends)
  local key, dropped = source_key(source), call('ZCARD', delayed_key(source))
  local tenant, before = unpack(call('HMGET', key, 'tenant', 'ends'))
  if before == 'cancelled' then ends = before end
  call('HSET', key, 'ends', ends)
  call('UNLINK', delayed_key(source))
  call('ZREM', P .. ':delayed', source)
  for _, domain in ipairs(call('SPOP', domains_key(source), DROPPED_DOMAINS)) do
    dropped = dropped + call('LLEN', queue_key(domain, source))
    call('UNLINK', queue_key(domain, source))
    leave(source, tenant, domain)
  end
  if dropped > 0 then finish(source, 'refused', ends, dropped) end
  return call('SCARD', domains_key(source))
end

-- Pages that a source has in the store by this crawl.
local function pages_of(source)
  local n = call('HMGET', source_key(source), 'n:stored', 'n:unchanged')
  return (tonumber(n[1]) or 0) + (tonumber(n[2]) or 0)
end

-- Drop what waits where the page limit is reached.
local function heed_limit(source)
  local s = call('HMGET', source_key(source), 'max_pages', 'pending')
  if is_known(source) and pages_of(source) >= tonumber(s[1]) and tonumber(s[2]) > 0 then
    drop_waiting(source, 'max_pages')
  end
end
