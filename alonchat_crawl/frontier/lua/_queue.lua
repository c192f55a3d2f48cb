-- Prepended to every transition, after _keys.lua: how URLs enter a queue, and how they are counted out.

-- Queue an entry, at the head where it has waited before, and let its domain be taken when it may.
local function enqueue(source, domain, entry, at_head)
  call(at_head and 'RPUSH' or 'LPUSH', queue_key(domain, source), entry)
  call('SADD', P .. ':domains:' .. source, domain)
  local turn = P .. ':turn:' .. domain
  local first = call('ZRANGE', turn, 0, 0, 'WITHSCORES')
  call('ZADD', turn, 'NX', first[2] or 0, source)
  call('ZADD', P .. ':ready', 'NX', now, domain)
end

local completed = {} -- the sources that this call completed

-- Count `n` URLs of a source as ended, and complete the source with its last one.
local function finish(source, outcome, reason, n)
  local key = source_key(source)
  call('HINCRBY', key, 'n:' .. outcome, n)
  if reason ~= '' then call('HINCRBY', key, 'r:' .. outcome .. ':' .. reason, n) end
  call('DECRBY', P .. ':pending', n)
  if call('HINCRBY', key, 'pending', -n) > 0 then return end
  call('HSET', key, 'state', 'completed')
  call('SREM', P .. ':running', source)
  call('ZADD', P .. ':completed', now, source)
  call('UNLINK', P .. ':seen:' .. source, P .. ':domains:' .. source)
  completed[#completed + 1] = source
end

-- Drop what waits of a source whose page limit is reached. Retries beyond the next 10,000 of all sources
-- are dropped as they come due.
local function drop_rest(source)
  local dropped = 0
  for _, domain in ipairs(call('SMEMBERS', P .. ':domains:' .. source)) do
    dropped = dropped + call('LLEN', queue_key(domain, source))
    call('UNLINK', queue_key(domain, source))
    call('ZREM', P .. ':turn:' .. domain, source)
  end
  for _, packed in ipairs(call('ZRANGE', P .. ':delayed', 0, 9999)) do
    if cmsgpack.unpack(packed)[1] == source then
      call('ZREM', P .. ':delayed', packed)
      dropped = dropped + 1
    end
  end
  call('UNLINK', P .. ':domains:' .. source)
  if dropped > 0 then finish(source, 'refused', 'max_pages', dropped) end
end

-- How many pages a source has in the store by this crawl, and how many it may.
local function pages_of(source)
  local s = call('HMGET', source_key(source), 'n:stored', 'n:unchanged', 'max_pages')
  return (tonumber(s[1]) or 0) + (tonumber(s[2]) or 0), tonumber(s[3]) or 0
end
