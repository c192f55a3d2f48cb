#!lua flags=allow-oom
-- Ask for the turn of a site that shares its address. A long pace starts now, in case the worker dies before it
-- releases the site.
-- KEYS  1 prefix
-- ARGV  1 site
-- Returns {ms until the site may be asked (0: now), AutoThrottle's delay for it (ms)}
local key = site_key(ARGV[1])
local known = call('HMGET', key, 'next', 'pace', 'delay')
local wait = moment(known[1]) - now
if wait > 0 then return {wait, 0} end
local pace = number(known[2], 0, FAR_MS)
if pace then call('HSET', key, 'next', now + pace) end
return {0, number(known[3], 0, FAR_MS) or 0}
