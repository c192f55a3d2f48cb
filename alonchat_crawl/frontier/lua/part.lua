#!lua flags=allow-oom
-- Part a list's oldest messages into lanes, one a project; each message is in one list at any moment.
-- KEYS  1 list, newest left  2 ZSET of the lanes that hold something, by µs from which each may have a turn
--   3 what the names of the lanes begin with
-- ARGV  for each message, oldest first: its project, its SHA-1
-- Returns how many were parted: not those behind one that is no longer there
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
for i = 1, #ARGV, 2 do
  local message = redis.call('LINDEX', KEYS[1], -1)
  if not message or redis.sha1hex(message) ~= ARGV[i + 1] then return (i - 1) / 2 end
  local lane = KEYS[3] .. ARGV[i]
  local kind = redis.call('TYPE', lane).ok
  if kind ~= 'list' and kind ~= 'none' then redis.call('RENAME', lane, lane .. ':aside') end -- somebody else's
  redis.call('LMOVE', KEYS[1], lane, 'RIGHT', 'LEFT')
  redis.call('ZADD', KEYS[2], 'NX', now, ARGV[i])
end
return #ARGV / 2
