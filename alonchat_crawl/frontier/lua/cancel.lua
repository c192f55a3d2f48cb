#!lua flags=allow-oom
-- Fetch nothing more of a source. What is in flight is finished, and then the source is done.
-- KEYS  1 prefix
-- ARGV  1 source  2 id of the run
-- Returns {1 cancelled (0: it is not open), domains left to be cleared: call again, sources completed}
local source, crawl = unpack(ARGV)
if not is_run(source, crawl) then return {0, 0, 0} end
local state = (read_source(source) or {}).state
if not (state == 'running' or state == 'paused') then return {0, 0, 0} end
local left = drop_waiting(source, 'cancelled')
return {1, left, #completed}
