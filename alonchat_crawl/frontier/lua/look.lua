#!lua flags=allow-oom
-- Look at the oldest message of a list and leave it there; of one that is too long, at its head alone.
-- KEYS  1 list, newest left  2 its guard: a STRING that stands where a blocking move would put a message
-- ARGV  1 most bytes of a message  2 bytes of a head
-- Returns {} for no message, {message}, {head, bytes, SHA-1 of what a message may be long of it}, or, where the list
--   was none, {its type, -1, the name under which it is set aside}
local most = tonumber(ARGV[1])
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'list' and kind ~= 'none' then
  local time = redis.call('TIME')
  local aside = KEYS[2] .. ':aside:' .. time[1] .. '-' .. time[2]
  redis.call('RENAME', KEYS[1], aside)
  return {kind, -1, aside}
end
if redis.call('TYPE', KEYS[2]).ok == 'list' then -- the guard was lost while somebody waited: back to their place
  while redis.call('LMOVE', KEYS[2], KEYS[1], 'LEFT', 'RIGHT') do end
end
if redis.call('TYPE', KEYS[2]).ok ~= 'string' then redis.call('SET', KEYS[2], 'guard') end
local message = redis.call('LINDEX', KEYS[1], -1)
if not message then return {} end
if #message <= most then return {message} end
local seen = {string.sub(message, 1, ARGV[2]), #message, redis.sha1hex(string.sub(message, 1, most))}
message = nil
pcall(function() collectgarbage() end) -- else Redis keeps it for some fifty scripts more
return seen
