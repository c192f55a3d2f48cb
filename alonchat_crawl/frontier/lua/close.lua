#!lua flags=allow-oom
-- Note that a source's end is written to Postgres. Its counts are kept for a while, and for a shorter one what it
-- has seen, where dead letters might be replayed: without that, a replay follows all links of its page anew.
-- KEYS  1 prefix
-- ARGV  1 source  2 ms that counts are kept  3 ms that what it has seen is kept
-- Returns 1 closed, 0 it was opened again meanwhile
local source, kept_ms, seen_kept_ms = ARGV[1], ARGV[2], ARGV[3]
call('ZREM', P .. ':completed', source)
local known = call('HMGET', source_key(source), 'state', 'n:dead')
if not (known[1] == 'completed' or known[1] == 'cancelled') then return 0 end
if (tonumber(known[2]) or 0) > 0 then with_seen(source, 'PEXPIRE', seen_kept_ms) else with_seen(source, 'UNLINK') end
call('PEXPIRE', source_key(source), kept_ms)
return 1
