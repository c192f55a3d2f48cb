#!lua flags=allow-oom
-- Cancel a source: drop its waiting URLs. It is done when the URLs in flight have ended.
-- KEYS  1 prefix
-- ARGV  1 source  2 id of the run
-- Returns {1 cancelled (0: not open), number of domains left to clear (if any, call again), sources completed}
local source, crawl = unpack(ARGV)
if not is_run(source, crawl) then return {0, 0, 0} end
local state = (read_source(source) or {}).state
if not (state == 'running' or state == 'paused') then return {0, 0, 0} end
local left = drop_waiting(source, 'cancelled')
return {1, left, #completed}
