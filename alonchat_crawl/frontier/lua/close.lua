#!lua flags=allow-oom
-- Note that a source's end is written to Postgres. Its counts are kept for a while. What it has seen is kept for a
-- shorter while, if it has dead letters: without it, a replayed page would have all of its links followed anew.
-- KEYS  1 prefix
-- ARGV  1 source  2 id of the run  3 ms that counts are kept  4 ms that what it has seen is kept
-- Returns 1 closed, 0 the run goes on, or a newer one has begun
local source, crawl, kept_ms, seen_kept_ms = unpack(ARGV)
local s, dead = read_source(source) or {}, call('HGET', source_key(source), 'n:dead')
if s.crawl ~= crawl or not (s.state == 'completed' or s.state == 'cancelled') then return 0 end
call('ZREM', KEY.completed, source)
if (tonumber(dead) or 0) > 0 then with_seen(source, 'PEXPIRE', seen_kept_ms) else with_seen(source, 'UNLINK') end
call('PEXPIRE', source_key(source), kept_ms)
return 1
