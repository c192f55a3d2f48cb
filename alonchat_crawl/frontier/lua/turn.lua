#!lua flags=allow-oom
-- A project has its turn: it goes behind all that wait, whatever comes of the turn.
-- KEYS  1 ZSET of the lanes, by µs  2 the project's lane
-- ARGV  1 project
-- Returns the oldest message of the lane, which stays there; nil where there is none
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'XX', string.format('%.0f', time[1] * 1000000 + time[2]), ARGV[1])
return redis.call('LINDEX', KEYS[2], -1)
