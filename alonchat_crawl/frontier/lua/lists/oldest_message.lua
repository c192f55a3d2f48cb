#!lua flags=allow-oom
-- Return the oldest message of a list and leave it there. Of a message that is too long, return only the head.
-- KEYS  1 list, newest left
-- ARGV  1 most bytes of a message  2 bytes of a head
-- Returns {} if the list is empty; {message}; if it is too long {head, bytes, SHA-1 of its first bytes, as many as a
--   message may have}; if the key is of another type, which is then set aside, {its type, -1, its new name}
local most = tonumber(ARGV[1])
local kind = redis.call('TYPE', KEY.messages).ok
if kind ~= 'list' and kind ~= 'none' then
  local aside = list_set_aside_key(table.concat(redis.call('TIME'), '-'))
  redis.call('RENAME', KEY.messages, aside)
  return {kind, -1, aside}
end
-- `Messages.listen` relies on the guard being a string. If it was lost while somebody waited, messages were moved to
-- its name: move them back.
if redis.call('TYPE', KEY.guard).ok == 'list' then
  while redis.call('LMOVE', KEY.guard, KEY.messages, 'LEFT', 'RIGHT') do end
end
if redis.call('TYPE', KEY.guard).ok ~= 'string' then redis.call('SET', KEY.guard, 'guard') end
local message = redis.call('LINDEX', KEY.messages, -1)
if not message then return {} end
if #message <= most then return {message} end
local seen = {string.sub(message, 1, ARGV[2]), #message, redis.sha1hex(string.sub(message, 1, most))}
message = nil
pcall(function() collectgarbage() end) -- else the message stays in memory for about fifty more scripts
return seen
