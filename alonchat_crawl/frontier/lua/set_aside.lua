#!lua flags=allow-oom
-- Set aside a source that a worker cannot read, and delete everything that it has in the shard.
-- KEYS  1 prefix
-- ARGV  1 source  2 what is wrong
-- Returns 1 set aside, 0 unknown
local before = call('EXISTS', source_key(ARGV[1]))
set_source_aside(ARGV[1], ARGV[2])
return before
