#!lua flags=allow-oom
-- Delete dead letters, and the keys that were set aside with them.
-- KEYS  1 prefix
-- ARGV  ids of the letters
-- Returns how many existed
local dropped = 0
for _, id in ipairs(ARGV) do dropped = dropped + drop_letter(id) end
return dropped
