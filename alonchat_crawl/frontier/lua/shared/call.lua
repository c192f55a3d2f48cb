-- Values that every transition needs. frontier/lua_keys.py puts the names of the keys before this file.
-- The last two ARGV are the limits of dead letters, since any transition may have to keep one.
local MOST_LETTER_BYTES, MOST_LETTERS = tonumber(table.remove(ARGV)), tonumber(table.remove(ARGV))
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) -- ms
