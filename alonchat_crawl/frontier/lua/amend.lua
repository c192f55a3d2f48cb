#!lua flags=allow-oom
-- Give an open source the limits of its latest seed.
-- KEYS  1 prefix
-- ARGV  1 source  2 spec  3 max_pages  4 step  5 id of the run
-- Returns 1 amended, 0 not open
local source, spec, max_pages, step, crawl = unpack(ARGV)
if not is_run(source, crawl) then return 0 end
local key = source_key(source)
local state = (read_source(source) or {}).state
if not (state == 'opening' or state == 'running' or state == 'paused') then return 0 end
call('HSET', key, 'spec', spec, 'max_pages', max_pages, 'step', step)
if call('HGET', key, 'ends') == 'max_pages' then call('HDEL', key, 'ends') end
apply_page_limit(source)
return 1
