#!lua flags=allow-oom
-- Let a project have its turn, and put it behind all projects that wait.
-- KEYS  1 list
-- ARGV  1 project
-- Returns the oldest message of its lane, which stays there; nil if the lane is empty
local time = redis.call('TIME')
redis.call('ZADD', KEY.lanes, 'XX', string.format('%.0f', time[1] * 1000000 + time[2]), ARGV[1])
return redis.call('LINDEX', lane_key(ARGV[1]), -1)
