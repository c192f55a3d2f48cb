#!lua flags=allow-oom
-- Take or extend a lock. A key that is no lock, or has no expiry, is deleted first.
-- KEYS  1 the lock: a STRING
-- ARGV  1 token of the holder  2 ms until it expires
-- Returns 1 taken, 0 somebody else holds it
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and (kind ~= 'string' or redis.call('PTTL', KEYS[1]) < 0) then redis.call('UNLINK', KEYS[1]) end
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
