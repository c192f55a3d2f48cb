#!lua flags=allow-oom
-- Forget dead letters, with what was set aside for them.
-- KEYS  1 prefix
-- ARGV  ids of the letters
-- Returns how many there were
local dropped = 0
for _, id in ipairs(ARGV) do dropped = dropped + drop_letter(id) end
return dropped
