#!lua flags=allow-oom
-- Keep a dead letter of a key that was set aside, and that is not of any shard.
-- KEYS  1 prefix
-- ARGV  1 key  2 what is wrong with it  3 its new name
set_aside(ARGV[1], ARGV[2], '', {aside = ARGV[3]})
