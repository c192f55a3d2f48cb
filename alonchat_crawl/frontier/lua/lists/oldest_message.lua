#!lua flags=allow-oom
-- Look at the oldest message of a list and leave it there. A message that is too long is not read beyond its head.
-- KEYS  1 list, newest left
-- ARGV  1 most bytes of a message  2 bytes of a head
-- Returns {} if there is no message; {message}; {head, bytes, SHA-1 of the first bytes, as many as a message may have};
--   or, if a key of another type stood in the list's place, {its type, -1, the name under which it is set aside}
local most = tonumber(ARGV[1])
local kind = redis.call('TYPE', KEY.messages).ok
if kind ~= 'list' and kind ~= 'none' then
  local aside = list_set_aside_key(table.concat(redis.call('TIME'), '-'))
  redis.call('RENAME', KEY.messages, aside)
  return {kind, -1, aside}
end
-- The guard stands where `Messages.listen` has a blocking move put a message. If it was lost while somebody waited, the
-- messages that were moved go back to their places.
if redis.call('TYPE', KEY.guard).ok == 'list' then
  while redis.call('LMOVE', KEY.guard, KEY.messages, 'LEFT', 'RIGHT') do end
end
if redis.call('TYPE', KEY.guard).ok ~= 'string' then redis.call('SET', KEY.guard, 'guard') end
local message = redis.call('LINDEX', KEY.messages, -1)
if not message then return {} end
if #message <= most then return {message} end
local seen = {string.sub(message, 1, ARGV[2]), #message, redis.sha1hex(string.sub(message, 1, most))}
message = nil
pcall(function() collectgarbage() end) -- else Redis keeps it for some fifty scripts more
return seen
