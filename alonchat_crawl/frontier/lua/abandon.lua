#!lua flags=allow-oom
-- Forget a source that could not be opened.
-- KEYS  1 prefix
-- ARGV  1 source  2 id of the run
-- Returns 1 forgotten, 0 not opening, or in another run
local source, crawl = unpack(ARGV)
if not is_run(source, crawl) or call('HGET', source_key(source), 'state') ~= 'opening' then return 0 end
return call('DEL', source_key(source))
