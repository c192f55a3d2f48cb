#!lua flags=allow-oom
-- Move a list's oldest messages into lanes, one lane a project. Each message is in one list at any moment.
-- KEYS  1 list, newest left
-- ARGV  for each message, oldest first: its project, its SHA-1
-- Returns {how many were moved (none behind one that is no longer there), a key in the way of the next ('': none)}
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])

-- Whether a key is of another type than ours. A command that fails would leave half of what is done here.
local function is_in_the_way(key, type)
  local kind = redis.call('TYPE', key).ok
  return kind ~= type and kind ~= 'none'
end

if is_in_the_way(KEY.lanes, 'zset') then return {0, KEY.lanes} end
for i = 1, #ARGV, 2 do
  local message, lane = redis.call('LINDEX', KEY.messages, -1), lane_key(ARGV[i])
  if not message or redis.sha1hex(message) ~= ARGV[i + 1] then return {(i - 1) / 2, ''} end
  if is_in_the_way(lane, 'list') then return {(i - 1) / 2, lane} end
  redis.call('LMOVE', KEY.messages, lane, 'RIGHT', 'LEFT')
  redis.call('ZADD', KEY.lanes, 'NX', now, ARGV[i])
end
return {#ARGV / 2, ''}
