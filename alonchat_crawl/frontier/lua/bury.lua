#!lua flags=allow-oom
-- Keep a seed that cannot be used as a dead letter.
-- KEYS  1 prefix
-- ARGV  1 dead letters kept  2 reason  3 letter (JSON)
-- Returns the letter's id
return keep_letter(tonumber(ARGV[1]), 'project', '', 'source', '', 'url', '', 'reason', ARGV[2], 'letter', ARGV[3])
