#!lua flags=allow-oom
-- Return the oldest messages of a list and leave them there.
-- KEYS  1 list, newest left
-- ARGV  1 most messages  2 bytes after which no more are read  3 most bytes of a message
-- Returns the messages, oldest first, up to the first one that is too long
local found, bytes = {}, 0
for i = 1, tonumber(ARGV[1]) do
  local message = redis.call('LINDEX', KEY.messages, -i)
  if not message or bytes >= tonumber(ARGV[2]) or #message > tonumber(ARGV[3]) then break end
  found[i], bytes = message, bytes + #message
end
return found
