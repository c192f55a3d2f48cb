#!lua flags=allow-oom
-- Find the lanes that may have a turn, longest waiting first.
-- KEYS  1 list
-- ARGV  1 most lanes  2 longest wait of a lane (µs). A lane that would wait for longer is due now: the clock was set
--   back, or something else wrote its time
-- Returns {now in µs, ms until the next lane is due (-1: none), number of lanes, a key of the wrong type ('': none),
--   project...}
local time = redis.call('TIME')
local now, due, in_the_way = time[1] * 1000000 + time[2], {}, ''
local kind = redis.call('TYPE', KEY.lanes).ok
if kind ~= 'zset' and kind ~= 'none' then return {now, 0, 0, KEY.lanes} end
local far = string.format('(%.0f', now + ARGV[2])
for _, project in ipairs(redis.call('ZRANGEBYSCORE', KEY.lanes, far, '+inf', 'LIMIT', 0, ARGV[1])) do
  redis.call('ZADD', KEY.lanes, now, project)
end
local hex = '[%da-f]'
local uuid = table.concat({'^' .. hex:rep(8), hex:rep(4), hex:rep(4), hex:rep(4), hex:rep(12) .. '$'}, '%-')
for _, project in ipairs(redis.call('ZRANGEBYSCORE', KEY.lanes, '-inf', now, 'LIMIT', 0, ARGV[1])) do
  local lane = lane_key(project)
  local holds = string.match(project, uuid) and redis.call('TYPE', lane).ok or 'none'
  if holds == 'list' then
    due[#due + 1] = project
  else -- it is empty, or something else wrote it
    redis.call('ZREM', KEY.lanes, project)
    if holds ~= 'none' then in_the_way = lane end
  end
end
local first = redis.call('ZRANGE', KEY.lanes, 0, 0, 'WITHSCORES')[2]
local wait = first and math.max(0, math.ceil((first - now) / 1000)) or -1
return {now, wait, redis.call('ZCARD', KEY.lanes), in_the_way, unpack(due)}
