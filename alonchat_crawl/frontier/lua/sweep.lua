#!lua flags=allow-oom
-- Set aside what is not of its type among the keys of the whole shard, and end what would wait for ever.
-- KEYS  1 prefix
-- ARGV  1 ms that a lease is given whose expiry is lost
-- Returns entries ever set aside
local TYPES = {
  set = {'running', 'paused', 'unreadable'},
  zset = {'tenants', 'waiting', 'served', 'delayed', 'lease', 'completed'},
  hash = {'inflight', 'told'},
  list = {'wake'},
  stream = {'dead'},
  string = {'clock', 'pending', 'sequence', 'dead_bytes', 'dead_evicted', 'set_aside'},
}
for expected, names in pairs(TYPES) do
  for _, name in ipairs(names) do
    local key = P .. ':' .. name
    local kind = call('TYPE', key).ok
    if kind ~= 'none' and (kind ~= expected or kind == 'string' and not number(call('GET', key), -MOST)) then
      set_key_aside(key, 'a ' .. kind .. ' that does not belong there')
    end
  end
end
for _, name in ipairs({'waiting', 'delayed', 'lease'}) do
  local key = P .. ':' .. name
  for _, member in ipairs(call('ZRANGEBYSCORE', key, now + FAR_MS, '+inf', 'LIMIT', 0, 100)) do
    set_aside(key, 'its time would never come: it has come now', member, {})
    call('ZADD', key, now, member)
  end
end
if call('HLEN', P .. ':inflight') > call('ZCARD', P .. ':lease') then
  for _, id in ipairs(call('HKEYS', P .. ':inflight')) do call('ZADD', P .. ':lease', 'NX', now + ARGV[1], id) end
end
return number(call('GET', P .. ':set_aside')) or 0
