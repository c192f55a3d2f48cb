#!lua flags=allow-oom
-- Let a paused source run again.
-- KEYS  1 prefix
-- ARGV  1 source
-- Returns 1 it runs, 0 it is not open
local source = ARGV[1]
local known = call('HMGET', source_key(source), 'state', 'tenant')
if known[1] == 'running' then return 1 end
if known[1] ~= 'paused' then return 0 end
call('HSET', source_key(source), 'state', 'running')
for _, domain in ipairs(call('SMEMBERS', domains_key(source))) do join(source, known[2], domain) end
return 1
