#!lua flags=allow-oom
-- Free domains after their requests. A domain may be taken again one pace after its request was sent, or later if the
-- site asked for that. If the domain is an address that sites share, the values given apply to the site alone (see
-- `visit_site`), and the address has its own pace and sign.
-- KEYS  1 prefix
-- ARGV  1 longest backoff (ms); then for each request: lease id, domain, ms since it was sent, pace_ms, ms that the
--   site asked to wait, sign (1 it answers, -1 it is too busy, 0 neither), delay_ms to keep (0: none), site ('': the
--   domain is a site), pace_ms of the address, sign of the address
-- Returns the number released; the other domains are held by other leases
local LONG_MS = 5000 -- longer paces are stored: `reap` and `visit_site` must keep them if the worker dies
local most, released = tonumber(ARGV[1]), 0

local function keep(key, name, value, least)
  if value > least then call('HSET', key, name, value) else call('HDEL', key, name) end
end

-- Store what a request has shown about a domain or site. Returns the time (ms) from which it may be asked again.
local function note(key, elapsed, pace, asked, sign, delay)
  local wait = asked
  if sign < 0 then -- exponential backoff of the whole domain
    local level = call('HINCRBY', key, 'level', 1)
    wait = math.max(wait, math.min(most, math.max(pace, 1000) * 2 ^ math.min(level, 20)))
  elseif sign > 0 then
    call('HDEL', key, 'level')
  end
  keep(key, 'pace', pace, LONG_MS)
  keep(key, 'delay', delay, 0)
  return math.max(now, now - elapsed + pace, now + wait)
end

for i = 2, #ARGV, 10 do
  local id, domain, site, numbers = ARGV[i], ARGV[i + 1], ARGV[i + 7], {}
  for n = 2, 9 do numbers[n] = tonumber(ARGV[i + n]) end
  local elapsed, pace, asked, sign, delay = unpack(numbers, 2, 6)
  if call('HGET', domain_key(domain), 'hold') == id then
    call('HDEL', domain_key(domain), 'hold')
    if site ~= '' then
      local at = note(site_key(site), elapsed, pace, asked, sign, delay)
      call('HSET', site_key(site), 'next', at)
      call('PEXPIREAT', site_key(site), math.max(at, now + REMEMBER_MS))
      pace, asked, sign, delay = numbers[8], 0, numbers[9], 0
    end
    schedule(domain, note(domain_key(domain), elapsed, pace, asked, sign, delay))
    released = released + 1
  end
end
return released
