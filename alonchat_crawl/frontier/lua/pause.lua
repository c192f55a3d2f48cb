#!lua flags=allow-oom
-- Pause a source. Requests in flight go on.
-- KEYS  1 prefix
-- ARGV  1 source  2 id of the run  3 cursor: 0, then the one that the last call returned
-- Returns {1 paused (0: not open), cursor for the next call, 0 if all is done}
local source, crawl, cursor = unpack(ARGV)
if not is_run(source, crawl) then return {0, 0} end
local s = read_source(source) or {}
if not (s.state == 'running' or s.state == 'paused') then return {0, 0} end
call('HSET', source_key(source), 'state', 'paused')
call('SADD', KEY.paused, source)
local scanned = call('SSCAN', source_domains_key(source), cursor, 'COUNT', 500)
for _, domain in ipairs(scanned[2]) do leave_domain(source, s.tenant, domain) end
return {1, tonumber(scanned[1])}
