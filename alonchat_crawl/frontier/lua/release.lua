-- The request of a lease has left the site: its domain may be fetched again one pace after it began.
-- KEYS  1 prefix
-- ARGV  1 lease id  2 domain  3 ms since the request began  4 pace_ms  5 ms that the site asked us to wait
-- Returns 1 released, 0 another lease holds the domain
local id, domain, elapsed, pace, wait = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
if call('HGET', P .. ':hold', domain) ~= id then return 0 end
call('HDEL', P .. ':hold', domain)
call('ZADD', P .. ':ready', 'XX', now + math.max(0, pace - elapsed, wait), domain)
return 1
