#!lua flags=allow-oom
-- Set aside each key of the whole shard that is of another type, and let what would wait for ever be due now.
-- KEYS  1 prefix
-- ARGV  1 ms that a lease gets if its expiry is lost
-- Returns entries ever set aside
for name, expected in pairs(types_of_keys()) do
  local key = KEY[name]
  local kind = call('TYPE', key).ok
  if kind ~= 'none' and (kind ~= expected or kind == 'string' and not number(call('GET', key), -MOST)) then
    set_key_aside(key, 'a ' .. kind .. ' that does not belong there')
  end
end
for _, key in ipairs({KEY.waiting, KEY.delayed_sources, KEY.lease_expiry}) do
  for _, member in ipairs(call('ZRANGEBYSCORE', key, now + FAR_MS, '+inf', 'LIMIT', 0, 100)) do
    set_aside(key, 'its time would never come: it has come now', member, {})
    call('ZADD', key, now, member)
  end
end
if call('HLEN', KEY.leases) > call('ZCARD', KEY.lease_expiry) then
  for _, id in ipairs(call('HKEYS', KEY.leases)) do call('ZADD', KEY.lease_expiry, 'NX', now + ARGV[1], id) end
end
return number(call('GET', KEY.set_aside_count)) or 0
