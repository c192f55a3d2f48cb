#!lua flags=allow-oom
-- Fetch nothing of a source until it is resumed; what is in flight comes to its end.
-- KEYS  1 prefix
-- ARGV  1 source
-- Returns 1 paused (now or before), 0 it is not open
local source = ARGV[1]
local known = call('HMGET', source_key(source), 'state', 'tenant')
if known[1] == 'paused' then return 1 end
if known[1] ~= 'running' then return 0 end
call('HSET', source_key(source), 'state', 'paused')
for _, domain in ipairs(call('SMEMBERS', domains_key(source))) do leave(source, known[2], domain) end
return 1
