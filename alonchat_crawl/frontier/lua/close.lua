#!lua flags=allow-oom
-- Note that Postgres has a source's end. Its counts are kept for kept_ms. Its seen URLs are deleted, but kept for
-- seen_kept_ms if it has dead letters: else all links of a replayed page would be followed again.
-- KEYS  1 prefix
-- ARGV  1 source  2 id of the run  3 kept_ms  4 seen_kept_ms
-- Returns 1 closed, 0 the run goes on, or a newer one has begun
local source, crawl, kept_ms, seen_kept_ms = unpack(ARGV)
local s, dead = read_source(source) or {}, call('HGET', source_key(source), 'n:dead')
if s.crawl ~= crawl or not (s.state == 'completed' or s.state == 'cancelled') then return 0 end
call('ZREM', KEY.completed, source)
if (tonumber(dead) or 0) > 0 then with_seen(source, 'PEXPIRE', seen_kept_ms) else with_seen(source, 'UNLINK') end
call('PEXPIRE', source_key(source), kept_ms)
return 1
