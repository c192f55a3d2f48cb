#!lua
-- Queue the start URL of a source that is opening, and let the source run.
-- KEYS  1 prefix
-- ARGV  1 source  2 domain  3 fingerprint of the start URL  4 entry  5 id of the run
-- Returns 1 started, 0 not opening
local source, domain, fingerprint, entry, crawl = unpack(ARGV)
if not is_run(source, crawl) then return 0 end
local key = source_key(source)
if (read_source(source) or {}).state ~= 'opening' then return 0 end
call('HSET', key, 'state', 'running', 'started_ms', now, 'pending', 1, 'seen', 1)
call('INCR', KEY.pending)
call('SADD', KEY.running, source)
note_seen(source, fingerprint, 0)
enqueue(source, domain, entry, false)
return 1
