-- What every transition knows of its call. The names of the keys come before this file: see frontier/lua_keys.py.
-- The last two ARGV are the same for all transitions, since any of them may have to keep a dead letter.
local MOST_LETTER_BYTES, MOST_LETTERS = tonumber(table.remove(ARGV)), tonumber(table.remove(ARGV))
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) -- ms
