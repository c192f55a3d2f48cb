#!lua flags=allow-oom
-- Requests have left their sites: each domain may be taken again one pace after its request was sent, or later
-- where the site asked for it.
-- KEYS  1 prefix
-- ARGV  1 most ms that a domain backs off of itself; then for each: lease id, domain, ms since it was sent, pace_ms,
--   ms that the site asked to wait, sign (1 it answers, -1 it is too busy, 0 neither), delay_ms to keep (0: none)
-- Returns the number released; the others' domains are held by other leases
local LONG_MS = 5000 -- a pace that outlasts what a dead worker's lease does: `reap` must know of it
local most, released = tonumber(ARGV[1]), 0
for i = 2, #ARGV, 7 do
  local id, domain, sign = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 5])
  local elapsed, pace, asked, delay = unpack({ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 6]})
  local key, wait = domain_key(domain), tonumber(asked)
  if call('HGET', key, 'hold') == id then
    call('HDEL', key, 'hold')
    if sign < 0 then -- exponential backoff of the whole domain
      local level = call('HINCRBY', key, 'level', 1)
      wait = math.max(wait, math.min(most, math.max(tonumber(pace), 1000) * 2 ^ math.min(level, 20)))
    elseif sign > 0 then
      call('HDEL', key, 'level')
    end
    if tonumber(pace) > LONG_MS then call('HSET', key, 'pace', pace) else call('HDEL', key, 'pace') end
    if tonumber(delay) > 0 then call('HSET', key, 'delay', delay) else call('HDEL', key, 'delay') end
    file(domain, math.max(now, now - elapsed + pace, now + wait))
    released = released + 1
  end
end
return released
