#!lua flags=allow-oom
-- Set aside those of the shard's own keys that are of the wrong type, and make due now what would wait for ever.
-- KEYS  1 prefix
-- ARGV  1 ms until a lease expires whose expiry is lost
-- Returns the number of entries ever set aside
for key, expected in pairs(types_of_keys()) do
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
