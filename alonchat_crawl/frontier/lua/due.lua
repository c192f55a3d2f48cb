#!lua flags=allow-oom
-- Which lanes may have a turn: those first that have waited longest since their last one.
-- KEYS  1 ZSET of the lanes, by µs  2 what the names of the lanes begin with
-- ARGV  1 lanes at most
-- Returns {now in µs, ms until the next lane is due (-1: none), lanes, project...}
local time = redis.call('TIME')
local now, due = time[1] * 1000000 + time[2], {}
for _, project in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, tonumber(ARGV[1]))) do
  local is_uuid = #project == 36 and string.match(project, '^%x+%-%x+%-%x+%-%x+%-%x+$')
  if is_uuid and redis.call('TYPE', KEYS[2] .. project).ok == 'list' then
    due[#due + 1] = project
  else -- it is empty, or none of ours
    redis.call('ZREM', KEYS[1], project)
  end
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
local wait = first and math.max(0, math.ceil((first - now) / 1000)) or -1
return {now, wait, redis.call('ZCARD', KEYS[1]), unpack(due)}
