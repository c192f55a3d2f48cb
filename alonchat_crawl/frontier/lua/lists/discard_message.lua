#!lua flags=allow-oom
-- Remove a message that is too long from its list, unless another worker has.
-- KEYS  1 list, newest left
-- ARGV  1 most bytes of a message  2 bytes of this one  3 its SHA-1, as `oldest_message` returned it
-- Returns 1 removed, 0 another message is the oldest
local message = redis.call('LINDEX', KEY.messages, -1)
local same = message and #message == tonumber(ARGV[2])
  and redis.sha1hex(string.sub(message, 1, tonumber(ARGV[1]))) == ARGV[3]
message = nil
if same then redis.call('LTRIM', KEY.messages, 0, -2) end -- a pop would copy the whole message into this script
pcall(function() collectgarbage() end)
return same and 1 or 0
