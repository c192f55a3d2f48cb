-- Turns are taken in a line: a sorted set of virtual times, as in weighted fair queuing (Demers, Keshav and Shenker
-- 1989). The member with the lowest time is served next, and its time then advances by its step.

-- Move members whose time is out of range to the front. One far behind would be served for ever, and members that join
-- behind one far ahead would never be served.
local function repair_times(key)
  local first = call('ZRANGEBYSCORE', key, 0, MOST, 'WITHSCORES', 'LIMIT', 0, 1)[2] or 0
  for _, range in ipairs({{'(' .. MOST, '+inf'}, {'-inf', '(0'}}) do
    for _, member in ipairs(call('ZRANGEBYSCORE', key, range[1], range[2])) do
      set_aside(key, 'its virtual time is out of range: it goes to the front', member, {})
      call('ZADD', key, first, member)
    end
  end
end

-- The first (0) or last (-1) member of a line, and its virtual time; nil if the line is empty.
local function at_place(key, index)
  local one = call('ZRANGE', key, index, index, 'WITHSCORES')
  if one[2] and not number(one[2]) then
    repair_times(key)
    one = call('ZRANGE', key, index, index, 'WITHSCORES')
  end
  return one[1], tonumber(one[2])
end

-- Let a new member join behind all others, so that new members cannot keep the others waiting for ever.
local function join_line(key, member, least)
  local _, last = at_place(key, -1)
  call('ZADD', key, 'NX', last and last + 0.001 or least or 0, member)
end

local function advance(key, member, step) call('ZADD', key, 'XX', 'INCR', step, member) end
