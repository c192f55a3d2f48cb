#!lua flags=allow-oom
-- Take a message that was too long out of its list, unless somebody else has.
-- KEYS  1 list, newest left
-- ARGV  1 bytes that a message may have  2 bytes that it has  3 SHA-1, as `look` tells it
-- Returns 1 taken out, 0 another message is the oldest
local message = redis.call('LINDEX', KEYS[1], -1)
local same = message and #message == tonumber(ARGV[2])
  and redis.sha1hex(string.sub(message, 1, tonumber(ARGV[1]))) == ARGV[3]
message = nil
if same then redis.call('LTRIM', KEYS[1], 0, -2) end -- a pop would hand it to this script once more
pcall(function() collectgarbage() end)
return same and 1 or 0
