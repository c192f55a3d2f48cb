#!lua flags=allow-oom
-- Move a list's oldest messages into lanes, one lane per project. Stop at a message that is no longer there.
-- KEYS  1 list, newest left
-- ARGV  for each message, oldest first: its project, its SHA-1
-- Returns {number moved, a key of the wrong type that stops the next one ('': none)}
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])

-- Whether a key is of the wrong type. It must be checked first: a script that fails half way keeps its changes.
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
