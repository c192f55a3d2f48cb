#!lua flags=allow-oom
-- Part a list's oldest messages into lanes, one a project; each message is in one list at any moment.
-- KEYS  1 list, newest left  2 ZSET of the lanes that hold something, by µs from which each may have a turn
--   3 what the names of the lanes begin with
-- ARGV  for each message, oldest first: its project, its SHA-1
-- Returns {how many were parted: not those behind one that is no longer there, a key in the way of the next ('': none)}
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])

-- Whether a key is of another type than ours: a command that fails would leave half of what is done here.
local function is_in_the_way(key, type)
  local kind = redis.call('TYPE', key).ok
  return kind ~= type and kind ~= 'none'
end

if is_in_the_way(KEYS[2], 'zset') then return {0, KEYS[2]} end
for i = 1, #ARGV, 2 do
  local message, lane = redis.call('LINDEX', KEYS[1], -1), KEYS[3] .. ARGV[i]
  if not message or redis.sha1hex(message) ~= ARGV[i + 1] then return {(i - 1) / 2, ''} end
  if is_in_the_way(lane, 'list') then return {(i - 1) / 2, lane} end
  redis.call('LMOVE', KEYS[1], lane, 'RIGHT', 'LEFT')
  redis.call('ZADD', KEYS[2], 'NX', now, ARGV[i])
end
return {#ARGV / 2, ''}
