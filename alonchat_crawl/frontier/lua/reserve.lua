#!lua flags=allow-oom
-- Hold a domain for one request that is in none of its queues, for instance for a robots.txt that was redirected there.
-- KEYS  1 prefix
-- ARGV  1 domain  2 id of the hold, which `release` takes  3 hold_ms
-- Returns 0 held, else ms after which to ask again
local domain, id, hold_ms = unpack(ARGV)
local hold, at = call('HGET', domain_key(domain), 'hold'), due_at(domain)
if hold == id then return 0 end
if at > now then return hold and math.min(1000, at - now) or at - now end
call('HSET', domain_key(domain), 'hold', id)
schedule(domain, now + hold_ms)
return 0
