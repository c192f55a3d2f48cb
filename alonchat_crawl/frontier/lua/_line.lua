-- Prepended to every transition, after _letters.lua: lines of those who take turns.
-- Sorted sets of virtual times, as in weighted fair queuing (Demers, Keshav and Shenker 1989): the lowest is served
-- next, and moves on by its step.

-- Who stands at no sensible time goes to the front: it would be served for ever, or let nobody come after it.
local function straighten(key)
  local first = call('ZRANGEBYSCORE', key, 0, MOST, 'WITHSCORES', 'LIMIT', 0, 1)[2] or 0
  for _, range in ipairs({{'(' .. MOST, '+inf'}, {'-inf', '(0'}}) do
    for _, member in ipairs(call('ZRANGEBYSCORE', key, range[1], range[2])) do
      set_aside(key, 'its virtual time is out of range: it goes to the front', member, {})
      call('ZADD', key, first, member)
    end
  end
end

-- The first or last (-1) of a line and its virtual time; nil where nobody is in it.
local function one_of(key, index)
  local one = call('ZRANGE', key, index, index, 'WITHSCORES')
  if one[2] and not number(one[2]) then
    straighten(key)
    one = call('ZRANGE', key, index, index, 'WITHSCORES')
  end
  return one[1], tonumber(one[2])
end

-- Who comes anew goes behind all that are there, so that nobody who waits is overtaken for ever.
local function line_up(key, member, least)
  local _, last = one_of(key, -1)
  call('ZADD', key, 'NX', last and last + 0.001 or least or 0, member)
end

local function move_on(key, member, step) call('ZADD', key, 'XX', 'INCR', step, member) end
