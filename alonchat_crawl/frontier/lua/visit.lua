#!lua flags=allow-oom
-- A site is about to be asked whose address others share; a long pace begins now, should the worker not live to tell.
-- KEYS  1 prefix
-- ARGV  1 site
-- Returns ms until it may be asked (0: now), ms of its delay that AutoThrottle found
local key = site_key(ARGV[1])
local known = call('HMGET', key, 'next', 'pace', 'delay')
local wait = (tonumber(known[1]) or 0) - now
if wait > 0 then return {wait, 0} end
if known[2] then call('HSET', key, 'next', now + known[2]) end
return {0, tonumber(known[3]) or 0}
