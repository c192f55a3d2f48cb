#!lua flags=allow-oom
-- Which lanes may have a turn: those first that have waited longest since their last one.
-- KEYS  1 ZSET of the lanes, by µs  2 what the names of the lanes begin with
-- ARGV  1 lanes at most  2 µs that nobody waits: who would is due, since the clock was set back or somebody wrote it
-- Returns {now in µs, ms until the next lane is due (-1: none), lanes, a key in the way ('': none), project...}
local time = redis.call('TIME')
local now, due, in_the_way = time[1] * 1000000 + time[2], {}, ''
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'zset' and kind ~= 'none' then return {now, 0, 0, KEYS[1]} end
local far = string.format('(%.0f', now + ARGV[2])
for _, project in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], far, '+inf', 'LIMIT', 0, ARGV[1])) do
  redis.call('ZADD', KEYS[1], now, project)
end
local hex = '[%da-f]'
local uuid = table.concat({'^' .. hex:rep(8), hex:rep(4), hex:rep(4), hex:rep(4), hex:rep(12) .. '$'}, '%-')
for _, project in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])) do
  local lane = KEYS[2] .. project
  local holds = string.match(project, uuid) and redis.call('TYPE', lane).ok or 'none'
  if holds == 'list' then
    due[#due + 1] = project
  else -- it is empty, or none of ours
    redis.call('ZREM', KEYS[1], project)
    if holds ~= 'none' then in_the_way = lane end
  end
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
local wait = first and math.max(0, math.ceil((first - now) / 1000)) or -1
return {now, wait, redis.call('ZCARD', KEYS[1]), in_the_way, unpack(due)}
