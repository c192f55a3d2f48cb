-- Prepended to every transition, after _keys.lua: lines of those who take turns.
-- Sorted sets of virtual times, as in weighted fair queuing (Demers, Keshav and Shenker 1989): the lowest is served
-- next, and moves on by its step.

-- Who comes anew goes behind all that are there, so that nobody who waits is overtaken for ever.
local function line_up(key, member, least)
  local last = call('ZRANGE', key, -1, -1, 'WITHSCORES')
  call('ZADD', key, 'NX', last[2] and last[2] + 0.001 or least or 0, member)
end

local function move_on(key, member, step) call('ZADD', key, 'XX', 'INCR', step, member) end
